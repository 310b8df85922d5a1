// Passes that find no memory, once at each of their allocations: nothing has changed then, and the same pass
// gives the right bits afterwards.
#include <numeric>

#include "kernels/cuda/cuda_check.h"
#include "tests/gpu/host_rows.h"
#include "tests/gpu/on_device.h"
#include "tests/gpu/small_models.h"
#include "tests/support/tiny_heads.h"

namespace speclab {
namespace {

using Bits = std::vector<float>;
using Tokens = std::vector<Token>;

Bits bits_of(const Forward& forward) {
  Bits all;
  for (const Rows& rows : {forward.logits, forward.hidden, forward.tapped}) {
    for (int row = 0; row < rows.count && rows.data; ++row)
      all.insert(all.end(), rows[row].f32().begin(), rows[row].f32().end());
  }
  return all;
}

// Makes the same model again and again, and has `pass` fail at its first allocation, at its second, ... After
// each failure `probe` says whether everything is as it was. Returns how many allocations there are.
template <class Make, class Pass, class Probe>
int fail_at_each_allocation(const Make& make, const Pass& pass, const Probe& probe) {
  auto undisturbed = make();
  const auto probed = probe(*undisturbed);
  const auto expected = pass(*undisturbed);
  for (int allocations = 0;; ++allocations) {
    SCOPED_TRACE(testing::Message() << "after " << allocations << " allocations");
    auto model = make();
    cuda_shim::fail_allocation_after(allocations);
    try {
      EXPECT_EQ(pass(*model), expected);
      EXPECT_FALSE(cuda_shim::allocation_failed());
    } catch (const CudaError&) {
      EXPECT_TRUE(cuda_shim::allocation_failed());
    }
    const bool failed = cuda_shim::allocation_failed();
    cuda_shim::fail_allocation_after(-1);
    if (!failed || testing::Test::HasFailure()) return allocations;
    EXPECT_EQ(probe(*model), probed);
    EXPECT_EQ(pass(*model), expected);
  }
}

class ShortMemory : public OnDevice {
 protected:
  static constexpr SequenceId kA{1}, kB{2}, kC{3};

  ShortMemory() : tree_(0) {
    for (const int parent : {0, 0, 1, 0, 4, 4, 5, 1}) tree_.add(parent, 3 + 2 * tree_.size());
    all_.resize(8);
    std::iota(all_.begin(), all_.end(), 1);
  }
  std::span<const int> nodes(std::size_t begin, std::size_t count) const {
    return std::span(all_).subspan(begin - 1, count);
  }

  LlamaConfig config_ = smallest_config("LlamaForCausalLM");
  TokenTree tree_;
  std::vector<int> all_;
};

class ShortMemoryOfTransformer : public ShortMemory {
 protected:
  // Nothing was evaluated yet; or there were passes, some of them captured, and A waits for `keep`.
  std::unique_ptr<HostRows> model(bool used) {
    auto made = cuda_model(config_, tensors_, {.cache_positions = 64});
    made->tap(std::vector<int>{1});
    for (const SequenceId id : {kA, kB, kC}) made->open(id);
    if (!used) return made;
    const SequenceInput begin[] = {slice(*made, kA, 30, nodes(1, 2)), slice(*made, kB, 4),
                                   slice(*made, kC, 5)};
    made->forward(begin);
    for (int length = 6; length < 9; ++length) {
      const SequenceInput next = slice(*made, kC, length);
      made->forward({&next, 1});
    }
    EXPECT_GT(made->inner().graphs(), 0u);
    return made;
  }
  // The text up to a length, as far as the model lacks it, and nodes.
  SequenceInput slice(const LanguageModel& model, SequenceId id, int length,
                      std::span<const int> nodes = {}) const {
    const auto known = static_cast<std::size_t>(model.length(id));
    return {.sequence = id,
            .text = std::span(text_).subspan(known, static_cast<std::size_t>(length) - known),
            .tree = &tree_,
            .nodes = nodes};
  }

  std::vector<StoredTensor> tensors_ = random_tensors(config_, Dtype::bf16, 5);
  Tokens text_ = some_text(150, config_.vocab);
};

class ShortMemoryOfPasses : public ShortMemoryOfTransformer, public testing::WithParamInterface<bool> {};

TEST_P(ShortMemoryOfPasses, leave_all_as_it_was) {
  const bool used = GetParam();
  const int allocations = fail_at_each_allocation(
      [&] { return model(used); },
      [&](HostRows& model) {
        const SequenceInput batch[] = {slice(model, kA, 30, used ? nodes(3, 6) : nodes(1, 8)),
                                       slice(model, kB, 149, nodes(1, 2))};
        return bits_of(model.forward(batch));
      },
      [&](HostRows& model) {
        EXPECT_EQ(model.length(kA), used ? 30 : 0);
        EXPECT_EQ(model.length(kB), used ? 4 : 0);
        if (!used) return Bits{};
        const SequenceInput next = slice(model, kC, model.length(kC) + 1);
        return bits_of(model.forward({&next, 1}));
      });
  EXPECT_GE(allocations, used ? 8 : 10);
}

// What `keep` moves is there afterwards.
TEST_F(ShortMemoryOfTransformer, keeps_nothing_or_all) {
  const std::vector<int> path{2};
  const int allocations = fail_at_each_allocation([&] { return model(true); },
                                                  [&](HostRows& model) {
                                                    const Commit kept{kA, path};
                                                    model.commit({&kept, 1});
                                                    const SequenceInput next = slice(model, kA, 32);
                                                    return bits_of(model.forward({&next, 1}));
                                                  },
                                                  [&](HostRows& model) {
                                                    EXPECT_EQ(model.length(kA), 30);
                                                    const SequenceInput more =
                                                        slice(model, kA, 30, nodes(4, 1));
                                                    return bits_of(model.forward({&more, 1}));
                                                  });
  EXPECT_GE(allocations, 2);
}

INSTANTIATE_TEST_SUITE_P(All, ShortMemoryOfPasses, testing::Bool(),
                         [](const auto& param) { return param.param ? "used" : "fresh"; });

class ShortMemoryOfHeads : public ShortMemory {
 protected:
  void SetUp() override {
    OnDevice::SetUp();
    config_.layers = 5;
    target_ = loaded(config_, random_tensors(config_, Dtype::bf16, 3),
                     [](const std::filesystem::path& directory) { return load_cuda_model(directory); });
  }
  Bits noise_row(int width, int seed) const {
    return noise_rows<float>(1, width, width, static_cast<std::uint64_t>(seed));
  }

  std::unique_ptr<CudaTransformer> target_;
};

TEST_F(ShortMemoryOfHeads, of_eagle_leave_all_as_it_was) {
  const TemporaryDirectory folder;
  tiny_eagle3(config_, Dtype::bf16, 11).write(folder.path());
  const Tokens text = some_text(150, config_.vocab);
  const auto set_features = [&](FeatureModel& model, SequenceId id, int places) {
    std::vector<Bits> rows;
    for (int place = 0; place < places; ++place)
      rows.push_back(noise_row(3 * config_.hidden, 100 * static_cast<int>(id) + place));
    std::vector<FeatureModel::FeatureRow> told;
    for (const Bits& row : rows)
      told.push_back({id, {row.data(), static_cast<int>(row.size()), Place::host, Scalar::f32}});
    model.tell_all(told);
  };
  bool told_of_b = false;
  const auto slice = [&](const FeatureModel& model, SequenceId id, int length, std::span<const int> nodes) {
    const auto known = static_cast<std::size_t>(model.length(id));
    return SequenceInput{.sequence = id,
                         .text = std::span(text).subspan(known, static_cast<std::size_t>(length) - known),
                         .tree = &tree_,
                         .nodes = nodes};
  };
  const int allocations = fail_at_each_allocation(
      [&] {
        auto made = std::make_unique<HostFeatureRows>(load_cuda_eagle(folder.path(), *target_));
        for (const SequenceId id : {kA, kB, kC}) made->open(id);
        set_features(*made, kA, 20);
        set_features(*made, kC, 20);
        told_of_b = false;
        const SequenceInput begin[] = {slice(*made, kA, 10, {}), slice(*made, kC, 20, {})};
        made->forward(begin);
        return made;
      },
      [&](HostFeatureRows& model) {
        if (!told_of_b) set_features(model, kB, 139);
        told_of_b = true;
        const SequenceInput batch[] = {slice(model, kA, 12, nodes(1, 4)), slice(model, kB, 140, nodes(1, 8))};
        return bits_of(model.forward(batch));
      },
      [&](HostFeatureRows& model) {
        EXPECT_EQ(model.length(kA), 10);
        EXPECT_EQ(model.length(kB), 0);
        // Below the roots as they were.
        const SequenceInput more[] = {slice(model, kA, 10, nodes(1, 2)), slice(model, kC, 20, nodes(1, 2))};
        const Bits bits = bits_of(model.forward(more));
        const Commit kept[] = {{kA, {}}, {kC, {}}};
        model.commit(kept);
        return bits;
      });
  EXPECT_GE(allocations, 12);
}

TEST_F(ShortMemoryOfHeads, of_hydra_leave_all_as_it_was) {
  const TemporaryDirectory folder;
  tiny_hydra(config_, Dtype::bf16, 2, 1).write(folder.path());
  const auto ask = [&](HostHeadRows& heads, int head, int count) {
    const Tokens after{4, 5};
    const DraftHeads::Question question{kA, head, std::span(after).first(static_cast<std::size_t>(head) + 1)};
    std::vector<DraftHeads::Question> questions(static_cast<std::size_t>(count), question);
    questions.front().head = 0;
    questions.front().after = std::span(after).first(1);
    return bits_of(heads.forward(questions));
  };
  const auto open = [&](HostHeadRows& heads, SequenceId id) {
    heads.open(id);
    const Bits row = noise_row(config_.hidden, static_cast<int>(id));
    heads.set_hidden(id, {row.data(), config_.hidden, Place::host, Scalar::f32});
  };
  const int allocations = fail_at_each_allocation(
      [&] {
        auto made = std::make_unique<HostHeadRows>(load_cuda_hydra(folder.path(), *target_));
        for (int id = 1; id <= 64; ++id) open(*made, SequenceId{id});
        ask(*made, 1, 1);
        return made;
      },
      [&](HostHeadRows& heads) {
        const SequenceId beyond{65};
        open(heads, beyond);
        heads.close(beyond);
        return ask(heads, 1, 100);
      },
      [&](HostHeadRows& heads) { return ask(heads, 0, 1); });
  EXPECT_GE(allocations, 5);
}

}  // namespace
}  // namespace speclab
