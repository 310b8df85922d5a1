#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/models/tokenizer/tokenizer.h"
#include "core/sequence.h"
#include "core/settings/params.h"
#include "experiments/config/config_file.h"
#include "experiments/point/model_cache.h"
#include "experiments/point/prompt_file.h"

namespace speclab {

// What is decoded, and how.
struct Workload {
  std::vector<Request> requests;
  int max_new_tokens = 0;
  int batch = 1;        // sequences at once; a waiting one joins when another ends
  bool refill = false;  // further requests keep all places taken until the last of `requests` ends
  std::vector<Token> end_tokens;
  Sampling sampling;
  std::uint64_t seed = 0;
  std::string prompts;  // their file, as it was given; empty: synthetic
  AddBos add_bos = AddBos::as_tokenizer;
  std::string prompts_digest;        // of the prompts' file, where there is one
  std::vector<std::string> remarks;  // as Provenance has them

  // Fresh sequences of all requests, ids counted from 0. Their streams depend on seed and id alone.
  std::vector<Sequence> sequences() const;
  std::string name_of(const Request& request) const;  // "prompts.jsonl:3", for messages
  // The i-th further one: ids go on after the requests, whose prompts come again in turn.
  Sequence further(int i) const;
  // The request whose prompt a sequence has.
  std::size_t request_of(SequenceId id) const { return static_cast<std::size_t>(id) % requests.size(); }

 private:
  Sequence sequence(SequenceId id) const;
};

// What the target tells of itself.
struct TargetFacts {
  const Tokenizer* tokenizer = nullptr;  // null for a synthetic source
  bool of_text = false;                  // it would have one: to learn what there is to set, without a file
  int vocab = 0;
  int max_positions = 0;  // 0: no limit
  std::vector<Token> end_tokens;
};

// Reads [workload] and [sampling]. ImpossiblePoint where the batch is larger than the requests: it would run
// under a label that is not true.
Workload read_workload(Params& workload, Params& sampling, const TargetFacts& target, const Config& config,
                       ModelCache& cache);

}  // namespace speclab
