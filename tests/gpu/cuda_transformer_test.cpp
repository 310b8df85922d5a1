#include "kernels/cuda/cuda_transformer.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/check.h"
#include "core/errors.h"
#include "core/models/checkpoint/float16.h"
#include "kernels/cuda/cuda_check.h"
#include "tests/gpu/on_device.h"
#include "tests/gpu/small_models.h"
#include "tests/support/model_conformance.h"
#include "tests/support/project_files.h"
#include "tests/support/reference_transformer.h"

namespace speclab {
namespace {

struct Case {
  std::string architecture;
  Dtype dtype;
  int max_positions;
  bool biases = false;
  LlamaConfig with_biases(const LlamaConfig& config) const { return biases ? biased(config) : config; }
};
void PrintTo(const Case& of, std::ostream* out) { *out << of.architecture << ' ' << name_of(of.dtype); }

class CudaTransformerOnDevice : public OnDevice, public testing::WithParamInterface<Case> {};

// The largest difference, relative to the largest logit.
template <class Expected>
double difference(const std::vector<float>& found, const Expected& expected) {
  double max = 0, largest = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    max = std::max(max, std::abs(static_cast<double>(found[i]) - expected[i]));
    largest = std::max(largest, std::abs(static_cast<double>(expected[i])));
  }
  return max / largest;
}

// Beside the four inputs of products of a layer, which the processor rounds too, queries, keys, values and
// the weights of attention are rounded: with the head 17 roundings in two layers, each by 2^-9 at most,
// uniformly, which is 2^-9 / sqrt(3) of the spread of the sums behind it. sqrt(17) of them are 0.5 %, the
// largest of some tens of logits is off by three times that, and a factor of two is left. Against the
// processor's model 8 roundings differ. A number of f16 has three bits more.
constexpr double kOfBf16 = 3e-2, kBesideCpu = 2e-2, kF16 = 0x1p-3;

TEST_P(CudaTransformerOnDevice, equals_the_plain_transformer_and_the_processors) {
  const LlamaConfig config = GetParam().with_biases(tiny_config(GetParam().architecture));
  const double finer = GetParam().dtype == Dtype::f16 ? kF16 : 1;
  const auto tensors = random_tensors(config, GetParam().dtype, 3);
  const ReferenceTransformer exact(config, tensors);
  const auto found = cuda_model(config, tensors);
  const auto cpu = cpu_model(config, tensors);
  for (const int length : {1, 2, 9, 70}) {
    const std::vector<Token> text = some_text(length, config.vocab);
    const std::vector<float> row = last_row(*found, text);
    EXPECT_LT(difference(row, exact.logits(text)), kOfBf16 * finer) << length;
    EXPECT_LT(difference(row, last_row(*cpu, text)), kBesideCpu * finer) << length;
  }
}

// Bits: trees and paths, keep, rewind, batches, cuts. The first case crosses pages and parts of attention;
// all let the cache grow.
TEST_P(CudaTransformerOnDevice, keeps_the_contract) {
  const LlamaConfig config = GetParam().with_biases(smallest_config(GetParam().architecture));
  const auto tensors = random_tensors(config, GetParam().dtype, 3);
  check_model_conformance([&] { return cuda_model(config, tensors, {.cache_positions = 64}); },
                          GetParam().max_positions, config.sliding_window);
}

INSTANTIATE_TEST_SUITE_P(
    All, CudaTransformerOnDevice,
    testing::Values(Case{"LlamaForCausalLM", Dtype::bf16, 150}, Case{"MistralForCausalLM", Dtype::f16, 20},
                    Case{"Qwen2ForCausalLM", Dtype::bf16, 20}, Case{"Qwen3ForCausalLM", Dtype::f16, 20},
                    Case{"LlamaForCausalLM", Dtype::bf16, 20, true},
                    Case{"Qwen3ForCausalLM", Dtype::f16, 20, true}),
    [](const auto& param) { return param.param.architecture + (param.param.biases ? "_biases" : ""); });

TEST_F(OnDevice, windows_of_some_layers_equal_the_processors) {
  LlamaConfig config = tiny_config("MistralForCausalLM");
  config.layers = 3;
  config.windowed = {false, true, false};
  const auto tensors = random_tensors(config, Dtype::f16, 3);
  const std::vector<Token> text = some_text(70, config.vocab);
  const std::vector<float> row = last_row(*cuda_model(config, tensors), text);
  EXPECT_LT(difference(row, ReferenceTransformer(config, tensors).logits(text)), kOfBf16 * kF16);
  LlamaConfig smaller = smallest_config("MistralForCausalLM");
  smaller.layers = 2;
  smaller.windowed = {true, false};
  const auto few = random_tensors(smaller, Dtype::f16, 3);
  check_model_conformance([&] { return cuda_model(smaller, few, {.cache_positions = 64}); }, 20);
}

class CudaModelOnDevice : public OnDevice {
 protected:
  LlamaConfig config_ = smallest_config("LlamaForCausalLM");
  std::vector<StoredTensor> tensors_ = random_tensors(config_, Dtype::bf16, 5);
};

// Two roundings more than a row of weights had: the quotient by 127 is what the reference gets too.
TEST_F(CudaModelOnDevice, with_int8_equals_the_plain_transformer_of_its_numbers) {
  const LlamaConfig config = tiny_config("LlamaForCausalLM");
  const auto tensors = random_tensors(config, Dtype::bf16, 3);
  const std::vector<StoredTensor> quantized = as_int8(tensors);
  const auto model = cuda_model(config, tensors, {}, CudaPrecision::int8);
  const std::vector<Token> text = some_text(20, config.vocab);
  EXPECT_LT(difference(last_row(*model, text), ReferenceTransformer(config, quantized).logits(text)),
            kOfBf16);
  EXPECT_GT(difference(last_row(*model, text), last_row(*cuda_model(config, tensors), text)), 0);
}

// Logits that PyTorch made; see tests/data/checkpoints/README.md. Matrices in f32 are rounded to bf16, and
// where two keys' scores are near each other that moves a row by more than the roundings were counted for:
// the processor's model with rounded matrices is off by 0.10 at place 33 of llama3. So nine rows in ten keep
// the bound.
TEST_F(CudaModelOnDevice, equals_pytorch) {
  const std::filesystem::path root = project_files() / "tests/data/checkpoints";
  int seen = 0;
  for (const auto& entry : std::filesystem::directory_iterator(root)) {
    if (!entry.is_directory()) continue;
    ++seen;
    std::ifstream file(entry.path() / "reference.json");
    const nlohmann::json reference = nlohmann::json::parse(file);
    const std::vector<Token> text = reference["token_ids"];
    HostRows model(load_cuda_model(entry.path()));
    int beyond = 0;
    const bool f16 = model.inner().weights().dtype == Dtype::f16;
    const SequenceId id{1};
    model.open(id);
    TokenTree tree(text[0]);
    std::vector<int> chain;
    for (std::size_t i = 1; i < text.size(); ++i) {
      tree.add(static_cast<int>(i) - 1, text[i]);
      chain.push_back(static_cast<int>(i));
    }
    const SequenceInput slice{
        .sequence = id, .text = std::span(text).first(1), .tree = &tree, .nodes = chain};
    const Forward& forward = model.forward({&slice, 1});
    for (std::size_t position = 0; position < text.size(); ++position) {
      const auto row = forward.logits[static_cast<int>(position)].f32();
      const std::vector<double> expected = reference["logits"][position];
      const double off = difference({row.begin(), row.end()}, expected);
      const double bound = f16 ? kOfBf16 * kF16 : kOfBf16;
      EXPECT_LT(off, 5 * bound) << entry.path().filename() << ", position " << position;
      beyond += off < bound ? 0 : 1;
    }
    EXPECT_LE(beyond, static_cast<int>(text.size()) / 5) << entry.path().filename();
  }
  EXPECT_GE(seen, 7);
}

// How many tokens both write alike, until two are so near that roundings decide, which is reported.
int alike(LanguageModel& cuda, LanguageModel& cpu, std::vector<Token> text, int max) {
  const SequenceId id{1};
  cuda.open(id);
  cpu.open(id);
  for (int compared = 0; compared < max; ++compared) {
    const auto row_of = [&](LanguageModel& model) {
      const SequenceInput slice{.sequence = id,
                                .text = std::span(text).subspan(static_cast<std::size_t>(model.length(id)))};
      const auto row = model.forward({&slice, 1}).logits[0].f32();
      return std::vector<float>(row.begin(), row.end());
    };
    const std::vector<float> found = row_of(cuda), expected = row_of(cpu);
    const auto best = std::ranges::max_element(expected) - expected.begin();
    const auto chosen = std::ranges::max_element(found) - found.begin();
    if (chosen != best) {
      const float gap = expected[best] - expected[chosen];
      const float largest =
          std::abs(*std::ranges::max_element(expected, {}, [](float x) { return std::abs(x); }));
      EXPECT_LT(gap, 2 * kBesideCpu * largest) << "token " << compared;
      std::cout << "near tie after " << compared << " tokens: gap " << gap << " of " << largest << "\n";
      return compared;
    }
    text.push_back(static_cast<Token>(best));
  }
  return max;
}

TEST_F(CudaModelOnDevice, writes_the_processors_greedy_text) {
  const LlamaConfig config = tiny_config("LlamaForCausalLM");
  const auto tensors = random_tensors(config, Dtype::bf16, 11);
  const auto cuda = cuda_model(config, tensors);
  const auto cpu = cpu_model(config, tensors);
  EXPECT_GE(alike(*cuda, *cpu, some_text(5, config.vocab), 40), 10);
}

TEST_F(CudaModelOnDevice, writes_the_processors_greedy_text_with_the_shipped_target) {
#ifdef SPECLAB_CUDA_SHIM
  constexpr int kTokens = 4;  // a pass takes a second
#else
  constexpr int kTokens = 128;
#endif
  const auto folder = project_files() / "configs/models/speclab-target-11m";
  HostRows cuda(load_cuda_model(folder));
  const auto cpu = load_cpu_model(folder);
  EXPECT_GE(alike(cuda, *cpu, some_text(7, cuda.vocab()), kTokens), std::min(kTokens, 10));
}

// Some steps of two sequences: what all their rows hold.
std::vector<float> steps(LanguageModel& model, int vocab) {
  std::vector<float> all;
  const std::vector<SequenceId> ids{SequenceId{1}, SequenceId{2}};
  std::vector<std::vector<Token>> texts{some_text(9, vocab), some_text(4, vocab)};
  for (const SequenceId id : ids) model.open(id);
  for (int step = 0; step < 6; ++step) {
    std::vector<TokenTree> trees;
    std::vector<SequenceInput> batch;
    const std::vector<int> nodes{1, 2, 3};
    for (std::size_t i = 0; i < 2; ++i) {
      trees.emplace_back(texts[i].back());
      trees.back().add(0, (3 + step) % vocab);
      trees.back().add(0, (5 + step) % vocab);
      trees.back().add(2, (7 + step) % vocab);
    }
    for (std::size_t i = 0; i < 2; ++i) {
      batch.push_back({.sequence = ids[i],
                       .text = std::span(texts[i]).subspan(static_cast<std::size_t>(model.length(ids[i]))),
                       .tree = &trees[i],
                       .nodes = std::span(nodes).first(step % 2 == 0 || i == 0 ? 3 : 1)});
    }
    const Forward& forward = model.forward(batch);
    for (const Rows& rows : {forward.logits, forward.hidden, forward.tapped}) {
      for (int row = 0; row < rows.count && rows.data; ++row) {
        all.insert(all.end(), rows[row].f32().begin(), rows[row].f32().end());
      }
    }
    const std::vector<int> both{2, 3}, first{1};
    const Commit kept[] = {{ids[0], both}, {ids[1], first}};
    model.commit(kept);
    texts[0].insert(texts[0].end(), {trees[0].token(2), trees[0].token(3), step % vocab});
    texts[1].insert(texts[1].end(), {trees[1].token(1), step % vocab});
  }
  for (const SequenceId id : ids) model.close(id);
  return all;
}

TEST_F(CudaModelOnDevice, gives_the_same_bits_with_graphs_and_without) {
  const std::vector<int> taps{1};
  const auto eager = cuda_model(config_, tensors_, {.graphs = false}),
             captured = cuda_model(config_, tensors_);
  eager->tap(taps);
  captured->tap(taps);
  const std::vector<float> expected = steps(*eager, config_.vocab);
  EXPECT_EQ(steps(*captured, config_.vocab), expected);
  EXPECT_EQ(steps(*captured, config_.vocab), expected) << "when all is captured";
  EXPECT_EQ(eager->inner().graphs(), 0u);
  EXPECT_GE(captured->inner().graphs(), 2u);
}

TEST_F(CudaModelOnDevice, gives_the_same_bits_whatever_the_order_of_threads) {
  const std::vector<float> expected = steps(*cuda_model(config_, tensors_), config_.vocab);
  in_every_order([&] { EXPECT_EQ(steps(*cuda_model(config_, tensors_), config_.vocab), expected); });
}

TEST_F(CudaModelOnDevice, shares_stream_and_device_with_another) {
  const LlamaConfig other = smallest_config("Qwen2ForCausalLM");
  const auto others = random_tensors(other, Dtype::f16, 8);
  const CudaOptions shared{.stream = std::make_shared<Stream>()};
  const std::vector<Token> text = some_text(12, other.vocab);
  const std::vector<float> first = last_row(*cuda_model(config_, tensors_), text);
  const std::vector<float> second = last_row(*cuda_model(other, others), text);
  const auto one = cuda_model(config_, tensors_, shared), two = cuda_model(other, others, shared);
  const SequenceId id{3};
  one->open(id);
  two->open(id);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const SequenceInput slice{.sequence = id, .text = std::span(text).subspan(i, 1)};
    const auto row = one->forward({&slice, 1}).logits[0].f32();
    const auto row_of_two = two->forward({&slice, 1}).logits[0].f32();
    if (i + 1 < text.size()) continue;
    EXPECT_EQ(std::vector<float>(row.begin(), row.end()), first);
    EXPECT_EQ(std::vector<float>(row_of_two.begin(), row_of_two.end()), second);
  }
}

TEST_F(CudaModelOnDevice, taps_what_the_processor_taps) {
  const LlamaConfig config = tiny_config("LlamaForCausalLM");
  const auto tensors = random_tensors(config, Dtype::bf16, 3);
  const auto cuda = cuda_model(config, tensors);
  const auto cpu = cpu_model(config, tensors);
  const std::vector<int> layers{2, 1}, wrong{3};
  EXPECT_THROW(cuda->tap(wrong), ConfigError);
  const std::vector<Token> text = some_text(70, config.vocab);
  std::vector<std::vector<float>> tapped;
  for (LanguageModel* model : {static_cast<LanguageModel*>(cuda.get()), cpu.get()}) {
    model->tap(layers);
    model->open(SequenceId{1});
    const SequenceInput slice{.sequence = SequenceId{1}, .text = text, .give = PassOutput::features};
    const Forward& forward = model->forward({&slice, 1});
    ASSERT_EQ(forward.tapped.count, 70);
    ASSERT_EQ(forward.tapped.cols, 2 * config.hidden);
    ASSERT_EQ(forward.logits.count, 0);
    tapped.emplace_back(forward.tapped.data, forward.tapped.data + 70 * 2 * config.hidden);
  }
  EXPECT_LT(difference(tapped[0], tapped[1]), kBesideCpu);
}

TEST_F(CudaModelOnDevice, reports_logits_that_overflow) {
  let_logits_overflow(tensors_);
  const auto model = cuda_model(config_, tensors_);
  const std::vector<Token> text{1, 2};
  const SequenceInput slice{.sequence = SequenceId{1}, .text = text};
  model->open(SequenceId{1});
  EXPECT_THROW(model->forward({&slice, 1}), ConfigError);
  // Rows on the device are handed out before anybody knows: the next call tells.
  CudaTransformer& inner = model->inner();
  EXPECT_NO_THROW(inner.forward({&slice, 1}));
  const Commit kept{SequenceId{1}, {}};
  EXPECT_THROW(inner.commit({&kept, 1}), ConfigError);
  EXPECT_NO_THROW(inner.finish()) << "told once";
}

TEST_F(CudaModelOnDevice, refuses_what_cannot_be_run) {
  const auto model = cuda_model(config_, tensors_);
  EXPECT_THROW(model->close(SequenceId{5}), BrokenInvariant);
  model->open(SequenceId{5});
  const std::vector<Token> text(static_cast<std::size_t>(config_.max_positions + 1), 1);
  const SequenceInput slice{.sequence = SequenceId{5}, .text = text};
  EXPECT_THROW(model->forward({&slice, 1}), ConfigError);
  EXPECT_EQ(model->length(SequenceId{5}), 0);
  LlamaConfig wide = config_;
  wide.head_dim = 130;
  EXPECT_THROW(random_cuda_model(wide, Dtype::bf16, CudaPrecision::as_stored, 1), ConfigError);
}

#ifdef SPECLAB_CUDA_SHIM
TEST_F(CudaModelOnDevice, loses_nothing_where_memory_runs_out) {
  const std::vector<Token> text = some_text(150, config_.vocab);
  const std::vector<float> expected = last_row(*cuda_model(config_, tensors_), text);
  const auto model = cuda_model(config_, tensors_, {.cache_positions = 64});
  const SequenceId id{1};
  model->open(id);
  const SequenceInput begin{.sequence = id, .text = std::span(text).first(30)};
  model->forward({&begin, 1});
  cuda_shim::set_memory_bytes(cuda_shim::memory_in_use() + 1000);
  const SequenceInput rest{.sequence = id, .text = std::span(text).subspan(30)};
  try {
    model->forward({&rest, 1});
    FAIL() << "there was room";
  } catch (const CudaError& error) {
    EXPECT_NE(std::string(error.what()).find("keys and values of all sequences needs"), std::string::npos)
        << error.what();
  }
  EXPECT_EQ(model->length(id), 30);
  cuda_shim::set_memory_bytes(std::size_t{1} << 30);
  const auto row = model->forward({&rest, 1}).logits[0].f32();
  EXPECT_EQ(std::vector<float>(row.begin(), row.end()), expected);
}
#endif

}  // namespace
}  // namespace speclab
