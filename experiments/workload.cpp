#include "experiments/workload.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "core/counter_chance.h"
#include "core/result_rows.h"
#include "experiments/files.h"

namespace speclab {
namespace {

using nlohmann::json;

enum Stream : std::uint64_t { kDraftStream, kJudgeStream, kPromptStream };

constexpr std::size_t kMostLabel = std::tuple_size_v<decltype(SequenceRecord::label)>;

// Prompts of a synthetic source: tokens at random.
std::vector<Request> make_prompts(int count, int length, int vocab, std::uint64_t seed) {
  std::vector<Request> requests;
  for (int i = 0; i < count; ++i) {
    CounterChance chance(seed, static_cast<std::uint64_t>(i), kPromptStream);
    const std::vector<double> even(static_cast<std::size_t>(vocab), 1.0);
    Request& request = requests.emplace_back(Request{{}, "synthetic"});
    for (int t = 0; t < length; ++t) request.prompt.push_back(static_cast<Token>(chance.categorical(even)));
  }
  return requests;
}

}  // namespace

std::vector<Request> read_prompts(const std::filesystem::path& file, const Tokenizer& tokenizer, int vocab) {
  std::ifstream in(file);
  std::vector<Request> requests;
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    if (line.empty()) continue;
    const json prompt = json::parse(line, nullptr, false);
    if (!prompt.is_object() || !prompt.contains("text") || !prompt["text"].is_string() ||
        (prompt.contains("kind") && !prompt["kind"].is_string())) {
      throw ConfigError(
          fmt::format("{}:{}: a prompt is a JSON object with \"text\" and perhaps \"kind\", both strings, on "
                      "a line of its own",
                      file.string(), number));
    }
    requests.push_back({tokenizer.encode(prompt["text"].get<std::string>(), true),
                        prompt.value("kind", file.stem().string())});
    const Request& request = requests.back();
    if (request.prompt.empty()) {
      throw ConfigError(fmt::format("{}:{}: the prompt has no tokens", file.string(), number));
    }
    if (request.label.size() > kMostLabel) {
      throw ConfigError(fmt::format("{}:{}: the kind \"{}\" has more than {} bytes; give a shorter \"kind\"",
                                    file.string(), number, request.label, kMostLabel));
    }
    if (const Token largest = std::ranges::max(request.prompt); largest >= vocab) {
      throw ConfigError(
          fmt::format("{}:{}: the prompt has the token {}, but the target has a vocabulary of {}; its "
                      "tokenizer.json belongs to another model",
                      file.string(), number, largest, vocab));
    }
  }
  if (requests.empty()) throw ConfigError(file.string() + ": there is no prompt in it");
  return requests;
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
          .draft_chance = std::make_shared<CounterChance>(seed, stream, kDraftStream),
          .judge_chance = std::make_shared<CounterChance>(seed, stream, kJudgeStream)};
}

Workload read_workload(Params& workload, Params& sampling, const TargetFacts& target, const Config& config,
                       ModelShelf& shelf) {
  Workload made;
  made.sampling.temperature =
      sampling.number({"temperature"}, 0, {.least = 0}, "0: the likeliest token, always");
  if (made.sampling.temperature > 0 && made.sampling.temperature < 1e-6) {
    sampling.fail("temperature", "is to be 0 or at least 1e-6");
  }
  made.sampling.top_k = sampling.integer({"top_k"}, 0, {.least = 0}, "of the target and the draft; 0: all");
  made.sampling.top_p =
      sampling.number({"top_p"}, 1, {.least = 0, .most = 1, .open_least = true}, "likewise; 1: all");
  made.seed =
      static_cast<std::uint64_t>(sampling.integer({"seed"}, 0, {.least = 0}, "of all random decisions"));
  sampling.finish();

  made.max_new_tokens =
      workload.integer({"max_new_tokens", "n_predict", "max_tokens"}, 128, {.least = 1}, "per request");
  made.batch =
      workload.integer({"batch", "batch_size", "max_num_seqs"}, 1, {.least = 1}, "requests decoded at once");
  made.refill =
      workload.flag({"refill"}, true,
                    "where batch is above 1: further requests keep all places taken until the last of "
                    "these ends; false: the batch runs empty at the end, which costs the faster method "
                    "more") &&
      made.batch > 1;
  const bool ignore_eos = workload.flag(
      {"ignore_eos"}, false, "go on after an end-of-text token, so that all texts are equally long");
  if (!ignore_eos) made.end_tokens = target.end_tokens;
  if (target.tokenizer != nullptr) {
    const std::string path =
        workload.required_text({"prompts"}, "a JSON Lines file of {\"text\": ..., \"kind\": ...}");
    const std::filesystem::path file = find_path("workload.prompts", path, config.directory);
    made.prompts_digest = shelf.digest_of(file, config.digest);
    made.requests = read_prompts(file, *target.tokenizer, target.vocab);
    const int requests = workload.integer({"requests"}, 0, {.least = 0}, "the first so many prompts; 0: all");
    if (requests > static_cast<int>(made.requests.size())) {
      workload.fail("requests", fmt::format("= {} is more than the {} prompts of {}", requests,
                                            made.requests.size(), path));
    }
    if (requests > 0) made.requests.resize(static_cast<std::size_t>(requests));
  } else {
    const int requests = workload.integer({"requests"}, 16, {.least = 1}, "how many");
    const int length = workload.integer({"prompt_tokens"}, 16, {.least = 1}, "of each synthetic prompt");
    made.requests = make_prompts(requests, length, target.vocab, made.seed);
  }
  workload.finish();
  for (const Request& request : made.requests) {
    const auto needed = static_cast<int>(request.prompt.size()) + made.max_new_tokens;
    if (target.max_positions == 0 || needed <= target.max_positions) continue;
    workload.fail("max_new_tokens",
                  fmt::format("= {} after a prompt of {} tokens is more than the {} positions of the target",
                              made.max_new_tokens, request.prompt.size(), target.max_positions));
  }
  return made;
}

}  // namespace speclab
