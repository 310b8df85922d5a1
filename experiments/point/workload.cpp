#include "experiments/point/workload.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "core/random/counter_rng.h"
#include "experiments/config/files.h"
#include "experiments/point/prompt_fit.h"
#include "experiments/point/special_tokens.h"

namespace speclab {
namespace {

constexpr int kMaxRequests = 1 << 20;
constexpr int kMaxPositions = 1 << 20;                   // of a text
constexpr std::int64_t kMaxSyntheticTokens = 1ll << 26;  // of all prompts together

enum Stream : std::uint64_t { kDraftStream, kJudgeStream, kPromptStream };

// Prompts of a synthetic source: tokens at random.
std::vector<Request> make_prompts(int count, int length, int vocab, std::uint64_t seed) {
  std::vector<Request> requests;
  for (int i = 0; i < count; ++i) {
    CounterRng chance(seed, static_cast<std::uint64_t>(i), kPromptStream);
    const std::vector<double> even(static_cast<std::size_t>(vocab), 1.0);
    Request& request = requests.emplace_back(Request{.prompt = {}, .label = "synthetic"});
    for (int t = 0; t < length; ++t) request.prompt.push_back(static_cast<Token>(chance.categorical(even)));
  }
  return requests;
}

void append(std::vector<std::string>& all, const std::vector<std::string>& more) {
  all.insert(all.end(), more.begin(), more.end());
}

// Without a tokenizer it is asked what there is to set.
AddBos read_add_bos(Params& workload, const Tokenizer* tokenizer) {
  const bool by_default = workload.lacks("add_bos") && workload.lacks("add_special_tokens");
  const bool add =
      workload.flag({"add_bos", "add_special_tokens"}, tokenizer == nullptr || !tokenizer->before().empty(),
                    "put the tokenizer's begin-of-text token before prompts; false: a template did");
  if (by_default) return AddBos::as_tokenizer;
  if (!add) return AddBos::no;
  if (tokenizer != nullptr && tokenizer->before().empty() && !tokenizer->bos())
    workload.fail("add_bos", "= true, but the target's tokenizer has no begin-of-text token");
  return AddBos::yes;
}

void read_file(Workload& made, Params& workload, const TargetFacts& target, const Config& config,
               ModelCache& cache) {
  made.prompts = workload.required_text({"prompts"}, "a JSON Lines file of {\"text\": ..., \"kind\": ...}");
  made.add_bos = read_add_bos(workload, target.tokenizer);
  if (target.tokenizer != nullptr) {
    const std::filesystem::path file = find_path("workload.prompts", made.prompts, config.directory);
    made.prompts_digest = cache.digest_of(file, config.digest);
    PromptFile read = read_prompts(file, *target.tokenizer, target.vocab, made.add_bos);
    made.requests = std::move(read.requests);
    append(made.remarks, read.remarks);
  } else {
    made.requests.resize(1);
  }
  const int requests =
      workload.integer({"requests"}, 0, {.min = 0}, "the first so many prompts that fit; 0: all");
  if (requests > static_cast<int>(made.requests.size())) {
    workload.fail("requests", fmt::format("= {} is more than the {} prompts of {}", requests,
                                          made.requests.size(), made.prompts));
  }
  const int given = workload.integer({"max_positions", "max_model_len"}, 0, {.min = 0},
                                     "of a prompt and its text together; 0: those of the target");
  const bool less = given > 0 && (target.max_positions == 0 || given < target.max_positions);
  fit_prompts(made, workload,
              {.positions = less ? given : target.max_positions,
               .whose = less ? "workload.max_positions" : "the target"},
              requests);
  if (target.tokenizer == nullptr) return;
  if (std::string lost = unknown_characters(made.requests, *target.tokenizer, made.prompts); !lost.empty())
    made.remarks.push_back(std::move(lost));
  if (std::ranges::any_of(made.requests, [](const Request& request) { return request.leading > 0; }))
    append(made.remarks, other_beginnings(*target.tokenizer));
}

}  // namespace

std::string Workload::name_of(const Request& request) const {
  return request.line == 0 ? "a synthetic prompt" : fmt::format("{}:{}", prompts, request.line);
}

std::vector<Sequence> Workload::sequences() const {
  std::vector<Sequence> all;
  for (std::size_t i = 0; i < requests.size(); ++i) all.push_back(sequence(static_cast<SequenceId>(i)));
  return all;
}

Sequence Workload::further(int i) const {
  return sequence(static_cast<SequenceId>(static_cast<int>(requests.size()) + i));
}

Sequence Workload::sequence(SequenceId id) const {
  const std::vector<Token>& prompt = requests[request_of(id)].prompt;
  const auto stream = static_cast<std::uint64_t>(id);
  return {.id = id,
          .text = prompt,
          .prompt_length = static_cast<int>(prompt.size()),
          .max_new_tokens = max_new_tokens,
          .end_tokens = end_tokens,
          .sampling = sampling,
          .draft_chance = std::make_shared<CounterRng>(seed, stream, kDraftStream),
          .judge_chance = std::make_shared<CounterRng>(seed, stream, kJudgeStream)};
}

Workload read_workload(Params& workload, Params& sampling, const TargetFacts& target, const Config& config,
                       ModelCache& cache) {
  Workload made;
  made.sampling.temperature =
      sampling.number({"temperature"}, 0, {.min = 0}, "0: the likeliest token, always");
  if (made.sampling.temperature > 0 && made.sampling.temperature < 1e-6) {
    sampling.fail("temperature", "is to be 0 or at least 1e-6");
  }
  sampling.never({"top_k"}, -1, "0 is what takes all tokens here");
  made.sampling.top_k = sampling.integer({"top_k"}, 0, {.min = 0}, "of the target and the draft; 0: all");
  made.sampling.top_p =
      sampling.number({"top_p"}, 1, {.min = 0, .max = 1, .open_min = true}, "likewise; 1: all");
  made.seed =
      static_cast<std::uint64_t>(sampling.integer({"seed"}, 0, {.min = 0}, "of all random decisions"));
  sampling.finish();

  made.max_new_tokens = workload.integer({"max_new_tokens", "n_predict", "max_tokens"}, 128,
                                         {.min = 1, .max = kMaxPositions}, "per request");
  made.batch = workload.integer({"batch", "batch_size", "max_num_seqs"}, 1, {.min = 1, .max = kMaxRequests},
                                "requests decoded at once");
  made.refill =
      workload.flag({"refill"}, true,
                    "where batch is above 1: further requests keep all places taken until the last of "
                    "these ends; false: the batch runs empty at the end, which costs the faster method "
                    "more") &&
      made.batch > 1;
  const bool ignore_eos = workload.flag(
      {"ignore_eos"}, false, "go on after an end-of-text token, so that all texts are equally long");
  if (!ignore_eos) made.end_tokens = target.end_tokens;
  if (!ignore_eos && target.tokenizer != nullptr)
    append(made.remarks, other_ends(*target.tokenizer, target.end_tokens));
  if (target.tokenizer != nullptr || target.of_text) {
    read_file(made, workload, target, config, cache);
  } else {
    const int requests = workload.integer({"requests"}, std::max(16, made.batch),
                                          {.min = 1, .max = kMaxRequests}, "how many; 16, or the batch");
    const int length =
        workload.integer({"prompt_tokens"}, 16, {.min = 1, .max = kMaxPositions}, "of each synthetic prompt");
    if (std::int64_t{requests} * length > kMaxSyntheticTokens) {
      workload.fail("prompt_tokens", fmt::format("= {} of {} requests are more than {} tokens", length,
                                                 requests, kMaxSyntheticTokens));
    }
    made.requests = make_prompts(requests, length, target.vocab, made.seed);
    fit_prompts(made, workload, {.positions = target.max_positions, .whose = "the target"}, 0);
  }
  workload.finish();
  if (made.batch > static_cast<int>(made.requests.size())) {
    throw ImpossiblePoint(fmt::format(
        "workload.batch = {} is more than the {} requests, so a batch of {} would run under its name; set "
        "workload.requests to {} or more, or a smaller batch",
        made.batch, made.requests.size(), made.requests.size(), made.batch));
  }
  return made;
}

}  // namespace speclab
