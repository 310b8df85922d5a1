#include "core/settings/json_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "core/errors.h"

namespace speclab {

using nlohmann::json;

json parse_json(std::string_view text, const std::string& place) {
  std::vector<std::set<std::string>> keys;  // of the objects that are open
  const auto watch = [&](int depth, json::parse_event_t event, const json& parsed) {
    using Event = json::parse_event_t;
    if ((event == Event::object_start || event == Event::array_start) && depth >= kMaxJsonLevels) {
      throw ConfigError(fmt::format("{}: is nested more than {} levels deep", place, kMaxJsonLevels));
    }
    if (event == Event::object_start) keys.emplace_back();
    if (event == Event::object_end) keys.pop_back();
    if (event == Event::key && !keys.back().insert(parsed.get<std::string>()).second) {
      throw ConfigError(
          fmt::format("{}: names the key \"{}\" twice in one object", place, parsed.get<std::string>()));
    }
    return true;
  };
  try {
    return json::parse(text, watch);
  } catch (const json::out_of_range& error) {
    // "[json.exception.out_of_range.406] number overflow parsing '1e400'"
    const std::string_view what = error.what();
    throw ConfigError(fmt::format("{}: the number {} is larger than any of 64 bits", place,
                                  what.substr(std::min(what.find('\''), what.size()))));
  } catch (const json::exception& error) {
    // "[json.exception.parse_error.101] parse error at line 1, column 2: ..."
    const std::string_view what = error.what();
    const std::size_t begin = what.find("] ");
    throw ConfigError(fmt::format("{}: is not JSON: {}", place,
                                  begin == std::string_view::npos ? what : what.substr(begin + 2)));
  }
}

}  // namespace speclab
