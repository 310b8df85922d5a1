#include "experiments/point/prompt_fit.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

namespace speclab {
namespace {

enum class TooLong { refuse, skip, cut };

// "3 prompts (prompts.jsonl, lines 2, 4, 9)"
std::string named(const std::vector<int>& lines, const std::string& file) {
  constexpr std::size_t kMaxNamed = 10;
  const std::size_t shown = std::min(lines.size(), kMaxNamed);
  return fmt::format("{} prompt{} ({}, line{} {}{})", lines.size(), lines.size() == 1 ? "" : "s", file,
                     lines.size() == 1 ? "" : "s",
                     fmt::join(lines.begin(), lines.begin() + static_cast<int>(shown), ", "),
                     lines.size() > shown ? ", ..." : "");
}

void cut(Request& request, int room) {
  const auto from = request.prompt.begin() + request.leading;
  request.prompt.erase(from, from + (static_cast<int>(request.prompt.size()) - room));
}

}  // namespace

void fit_prompts(Workload& made, Params& workload, PositionLimit limit, int count) {
  const auto too_long =
      made.prompts.empty()
          ? TooLong::refuse
          : workload.choose<TooLong>(
                {"too_long"}, {{"refuse", TooLong::refuse}, {"skip", TooLong::skip}, {"cut", TooLong::cut}},
                "of prompts that do not fit the positions: refuse; skip: leave out; cut: keep the last "
                "tokens");
  const int room = limit.positions - made.max_new_tokens;
  std::vector<Request> kept;
  std::vector<int> skipped, shortened;
  for (Request& request : made.requests) {
    if (count > 0 && static_cast<int>(kept.size()) == count) break;
    const auto length = static_cast<int>(request.prompt.size());
    if (limit.positions > 0 && length > room) {
      if (too_long == TooLong::refuse || room <= request.leading) {
        workload.fail(
            "max_new_tokens",
            fmt::format("= {} after {}, a prompt of {} tokens, is more than the {} positions of {}{}",
                        made.max_new_tokens, made.name_of(request), length, limit.positions, limit.whose,
                        too_long == TooLong::refuse && !made.prompts.empty()
                            ? "; workload.too_long = \"skip\" leaves such prompts out, \"cut\" keeps "
                              "their last tokens"
                            : ""));
      }
      if (too_long == TooLong::skip) {
        skipped.push_back(request.line);
        continue;
      }
      cut(request, room);
      shortened.push_back(request.line);
    }
    kept.push_back(std::move(request));
  }
  if (kept.empty() || static_cast<int>(kept.size()) < count) {
    workload.fail(
        "too_long",
        fmt::format("= 'skip' leaves {} of {} prompts: the others and {} new tokens need more than "
                    "the {} positions of {}",
                    kept.size(), made.requests.size(), made.max_new_tokens, limit.positions, limit.whose));
  }
  made.requests = std::move(kept);
  if (!skipped.empty()) {
    made.remarks.push_back(fmt::format("left out, too long for the {} positions of {}: {}", limit.positions,
                                       limit.whose, named(skipped, made.prompts)));
  }
  if (!shortened.empty()) {
    made.remarks.push_back(fmt::format("cut to their last tokens, too long for the {} positions of {}: {}",
                                       limit.positions, limit.whose, named(shortened, made.prompts)));
  }
}

}  // namespace speclab
