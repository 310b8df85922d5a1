#include "core/models/checkpoint/eagle_taps.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace speclab {
namespace {

using nlohmann::json;

constexpr const char* kKeys[] = {"eagle_aux_hidden_state_layer_ids", "aux_hidden_state_layer_ids"};

std::vector<std::int64_t> ids_of(const JsonSettings& settings, const char* key) {
  const json& given = settings.at(key);
  const auto refuse = [&] {
    settings.refuse(fmt::format("'{}' is {}; it must be a list of layers", key, given.dump()));
  };
  constexpr std::size_t kMax = 64;
  if (!given.is_array() || given.size() > kMax) refuse();
  std::vector<std::int64_t> ids;
  for (const json& id : given) {
    if (!id.is_number_integer()) refuse();
    ids.push_back(id.is_number_unsigned() && id.get<std::uint64_t>() > INT32_MAX ? INT32_MAX
                                                                                 : id.get<std::int64_t>());
  }
  return ids;
}

}  // namespace

std::vector<int> read_eagle_taps(const JsonSettings& top, const JsonSettings& nested, int target_layers,
                                 std::vector<std::string>& remarks) {
  std::vector<std::int64_t> ids;
  const JsonSettings* place = &top;
  std::string key;
  for (const JsonSettings* settings : {&top, &nested}) {
    for (const char* name : kKeys) {
      if (!settings->has(name)) continue;
      std::vector<std::int64_t> found = ids_of(*settings, name);
      if (found.empty()) continue;  // as if it were not there, to all engines
      if (!ids.empty() && found != ids) {
        settings->refuse(fmt::format("'{}' is [{}], but '{}' is [{}]; they must say the same", name,
                                     fmt::join(found, ", "), key, fmt::join(ids, ", ")));
      }
      ids = std::move(found);
      place = settings;
      key = name;
    }
  }
  std::vector<int> taps{2, target_layers / 2, target_layers - 3};
  if (ids.empty()) {
    if (target_layers < 4) {
      top.refuse(fmt::format("EAGLE-3 reads the target after 2, L / 2 and L - 3 layers, but it has {}",
                             target_layers));
    }
  } else {
    const bool ascending = std::ranges::is_sorted(ids);
    std::ranges::sort(ids);
    const auto twice = std::ranges::adjacent_find(ids);
    if (twice != ids.end()) {
      place->refuse(fmt::format("'{}' has {} twice; a layer is read once", key, *twice));
    }
    const int more = ids.front() == 1 ? 1 : 0;
    taps.clear();
    for (const std::int64_t id : ids) {
      if (id < 1 || id + more > target_layers) {
        place->refuse(fmt::format("'{}' has {}; the target has {} layers, so {} to {} can be read{}", key, id,
                                  target_layers, 1, target_layers - more,
                                  more ? " where the first is 1, which counts from 0" : ""));
      }
      taps.push_back(static_cast<int>(id) + more);
    }
    if (more || !ascending) {
      remarks.push_back(fmt::format(
          "'{}' is read as the target after {} of its layers{}{}", key, fmt::join(taps, ", "),
          more ? ", as ids that begin with 1 count layers' outputs from 0 (vLLM would count inputs)" : "",
          ascending ? "" : ", in the order of layers, as engines read them"));
    }
  }
  for (const JsonSettings* settings : {&top, &nested}) {
    if (!settings->has("num_aux_hidden_states")) continue;
    if (settings->count("num_aux_hidden_states") != static_cast<int>(taps.size())) {
      settings->refuse(fmt::format("'num_aux_hidden_states' is {}, but {} layers are read",
                                   settings->count("num_aux_hidden_states"), taps.size()));
    }
  }
  return taps;
}

}  // namespace speclab
