#include "strategies/drafters/oracle_guesses.h"

#include <algorithm>

namespace speclab {

std::span<const Token> OracleGuesses::ahead(const Sequence& sequence) const {
  const auto whole = continuations_.after_prompt(sequence.id);
  const auto written =
      std::span<const Token>(sequence.text).subspan(static_cast<std::size_t>(sequence.prompt_length));
  const bool same =
      written.size() <= whole.size() && std::ranges::equal(written, whole.first(written.size()));
  return same ? whole.subspan(written.size()) : std::span<const Token>{};
}

Token OracleGuesses::guess(const Sequence& sequence, std::span<const Token> ahead, int node, int depth,
                           bool right, int children, std::vector<Guess>& guesses) const {
  const auto place = static_cast<std::uint64_t>(sequence.text.size()) + static_cast<std::uint64_t>(depth) + 1;
  const std::uint64_t here =
      mix64(mix64(seed_ ^ (static_cast<std::uint64_t>(sequence.id) + kGolden)) + place);
  const std::uint64_t noise = mix64(here ^ mix64(static_cast<std::uint64_t>(node) + kGolden));
  const auto vocab = static_cast<std::uint64_t>(continuations_.vocab);

  const bool followed = right && depth < static_cast<int>(ahead.size());
  const auto known = followed ? static_cast<std::uint64_t>(ahead[depth])
                              : noise % vocab;  // where nothing is right, some token is left out
  const int rank = followed ? agreement_.rank(here, depth + 1) : Agreement::kNever;
  std::uint64_t wrong = 0;
  for (int child = 0; child < children; ++child) {
    if (child != rank && wrong == vocab - 1) break;
    const std::uint64_t token = child == rank ? known : (known + 1 + (noise + wrong++) % (vocab - 1)) % vocab;
    guesses.push_back({static_cast<Token>(token), child == rank});
  }
  return static_cast<Token>(known);
}

}  // namespace speclab
