#include "strategies/kinds_elsewhere.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace speclab {
namespace {

// Theirs, in lower case with underscores, and ours. Of several lines of a name the slot's own is meant.
constexpr std::pair<std::string_view, std::string_view> kNames[] = {
    // drafters: vLLM's `method`, SGLang's algorithms, TensorRT-LLM's decoding types, llama.cpp's --spec-type
    {"eagle2", "eagle"},
    {"eagle3", "eagle"},
    {"eagle_2", "eagle"},
    {"eagle_3", "eagle"},
    {"draft_model", "model"},
    {"draft_target", "model"},
    {"drafttarget", "model"},
    {"draft", "model"},
    {"standalone", "model"},
    {"assistant", "model"},
    {"assisted", "model"},
    {"ngram_simple", "ngram"},
    {"ngram_cache", "ngram"},
    {"ngram_map_k", "ngram"},
    {"ngram_map_k4v", "ngram"},
    {"ngram_mod", "ngram"},
    {"ngram_gpu", "ngram"},
    {"n_gram", "ngram"},
    {"prompt_lookup", "ngram"},
    {"prompt_lookup_decoding", "ngram"},
    {"pld", "ngram"},
    {"lookahead_decoding", "lookahead"},
    {"jacobi_decoding", "jacobi"},
    {"suffix_decoding", "suffix"},
    {"suffixdecoding", "suffix"},
    {"layerskip", "early_exit"},
    {"layer_skip", "early_exit"},
    {"self_speculative", "early_exit"},
    {"self_speculation", "early_exit"},
    {"specinfer", "merge"},
    {"triforce", "cascade"},
    {"autoregressive", "none"},
    {"vanilla", "none"},
    // topologies
    {"eagle2", "best_first"},
    {"eagle_2", "best_first"},
    {"dynamic", "best_first"},
    {"dynamic_tree", "best_first"},
    {"medusa_choices", "paths"},
    {"token_tree", "paths"},
    {"static_tree", "paths"},
    {"tree", "layered"},
    {"linear", "chain"},
    {"sequence", "chain"},
    {"constant", "chain"},
    {"heuristic", "adaptive"},
    {"smartspec", "adaptive"},
    {"specdec++", "confident"},
    // rules
    {"rejection_sampler", "speculative_sampling"},
    {"rejection_sampling", "speculative_sampling"},
    {"speculative", "speculative_sampling"},
    {"block_verification", "block"},
    {"traversal_verification", "traversal"},
    {"typical_acceptance", "typical"},
    {"typical_acceptance_sampler", "typical"},
    {"relaxed_acceptance", "relaxed"},
    {"lossy", "lenient"},
    {"exact_match", "sample_and_match"},
    {"naive_sampling", "sample_and_match"},
    {"multi_step_speculative_sampling", "multi_round"},
    {"spectr", "kseq"},
    {"k_seq", "kseq"},
};

std::string plain(std::string_view kind) {
  std::string name(kind);
  std::ranges::transform(name, name.begin(), [](unsigned char c) {
    return c == '-' || c == ' ' ? '_' : static_cast<char>(std::tolower(c));
  });
  return name;
}

}  // namespace

std::string kind_elsewhere(std::string_view kind, std::span<const std::string> kinds) {
  std::string name = plain(kind);
  const auto known = [&](std::string_view ours) { return std::ranges::find(kinds, ours) != kinds.end(); };
  if (known(name)) return name;
  for (const auto& [theirs, ours] : kNames)
    if (theirs == name && known(ours)) return std::string(ours);
  return "";
}

}  // namespace speclab
