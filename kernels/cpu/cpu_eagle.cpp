#include "kernels/cpu/cpu_eagle.h"

#include <algorithm>
#include <limits>

#include "core/check.h"
#include "kernels/llama/overflow.h"

namespace speclab {
namespace {

constexpr std::size_t kMax = LayerPass::kMaxRows;

}  // namespace

CpuEagle::CpuEagle(EagleWeights weights, CpuOptions options)
    : weights_(std::move(weights)),
      team_(options.team ? std::move(options.team) : std::make_shared<ThreadTeam>()),
      arithmetic_(options.arithmetic ? *options.arithmetic : best_arithmetic()),
      pass_(weights_.config, weights_.dtype, arithmetic_, *team_),
      embedded_(static_cast<std::size_t>(weights_.config.hidden)),
      normed_(static_cast<std::size_t>(padded(weights_.config.hidden))) {
  fresh_.require(kMax * static_cast<std::size_t>(weights_.config.hidden));
  scores_.require(kMax * static_cast<std::size_t>(weights_.output.outputs));
}

void CpuEagle::set_features(SequenceId sequence, Row feature) {
  SPECLAB_CHECK(static_cast<std::size_t>(feature.cols) == feature_width(),
                "a feature of {} numbers, but the head reads {}", feature.cols, feature_width());
  State& state = find(sequence);
  state.features.insert(state.features.end(), feature.f32().begin(), feature.f32().end());
  ++state.told;
}

const Forward& CpuEagle::forward(std::span<const SequenceInput> batch) {
  plan(batch);
  const PassPlan& rows = plan_.rows;
  asked_.require(static_cast<std::size_t>(rows.asked) * static_cast<std::size_t>(weights_.config.hidden));
  for (std::size_t begin = 0; begin < plan_.order.size();) {
    const std::span<const int> part = plan_.part(begin, kMax);
    evaluate(part);
    begin += part.size();
  }
  give(rows.asked);
  forward_.first = rows.first;
  forward_.work = rows.work;
  return forward_;
}

void CpuEagle::plan(std::span<const SequenceInput> batch) {
  in_batch_.clear();
  told_.clear();
  cached_.clear();
  caches_.clear();
  for (const SequenceInput& slice : batch) {
    State& state = find(slice.sequence);
    in_batch_.push_back(&state);
    told_.push_back(&state);
    cached_.push_back(&state.cached);
    caches_.push_back(state.cached.cache.get());
  }
  plan_.check(batch, told_, cached_, weights_.config);
  for (std::size_t i = 0; i < batch.size(); ++i)
    caches_[i]->reserve(cached_[i]->used() + PassPlan::slots_of(plan_.slices[i]));
  plan_.enter(batch, told_, cached_, weights_.config);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const std::size_t room =
        static_cast<std::size_t>(plan_.nodes[i]) * static_cast<std::size_t>(weights_.config.hidden);
    if (in_batch_[i]->made.size() < room) in_batch_[i]->made.resize(room);
  }
}

void CpuEagle::evaluate(std::span<const int> rows) {
  const int count = static_cast<int>(rows.size()), hidden = weights_.config.hidden;
  part_.clear();
  for (const int n : rows) part_.push_back(plan_.rows.rows[n]);
  pass_.begin(part_, plan_.rows.paths, caches_);
  fuse(rows);
  if (!weights_.third) {
    team_->run([&](int thread) { pass_.layer(weights_.layer, 0, pass_.as_it_is(count, thread), thread); });
  } else {
    input_.reset(weights_.dtype, count, 2 * hidden);
    const float epsilon = static_cast<float>(weights_.config.rms_epsilon);
    for (int n = 0; n < count; ++n) {
      look_up(weights_.table_dtype, weights_.table, hidden, part_[n].token, embedded_.data());
      arithmetic_.rms_norm(embedded_.data(), weights_.layer.input_norm.data(), hidden, epsilon,
                           normed_.data());
      input_.put(arithmetic_, n, 0, normed_.data(), hidden);
      arithmetic_.rms_norm(pass_.residual(n), weights_.state_norm.data(), hidden, epsilon, normed_.data());
      input_.put(arithmetic_, n, hidden, normed_.data(), hidden);
    }
    const LayerPass::Input input{input_.data(), input_.stride(), 2 * hidden};
    team_->run([&](int thread) { pass_.layer(weights_.layer, 0, input, thread); });
  }
  for (int n = 0; n < count; ++n) {
    const FeaturePlan::Site& site = plan_.sites[rows[static_cast<std::size_t>(n)]];
    State& state = *in_batch_[site.slice];
    const std::size_t width = static_cast<std::size_t>(hidden);
    if (site.node >= 0) {
      std::copy_n(pass_.residual(n), hidden, state.made.data() + static_cast<std::size_t>(site.node) * width);
    }
    if (site.asked >= 0) {
      std::copy_n(pass_.residual(n), hidden, asked_.data() + static_cast<std::size_t>(site.asked) * width);
    }
  }
}

// Lays the residual rows from which the layer starts. EAGLE-1 and 2: fc of (embedding, feature), where a
// node's feature is what its parent's row became. EAGLE-3: fc of the target's features, or what the parent's
// row became as it is.
void CpuEagle::fuse(std::span<const int> rows) {
  const int hidden = weights_.config.hidden;
  const std::size_t width = static_cast<std::size_t>(hidden);
  fused_.reset(weights_.fuse.dtype, static_cast<int>(rows.size()), weights_.fuse.inputs);
  std::vector<int> through;  // rows that pass through fc
  for (std::size_t n = 0; n < rows.size(); ++n) {
    const FeaturePlan::Site& site = plan_.sites[rows[n]];
    const State& state = *in_batch_[site.slice];
    const float* made = state.made.data() + static_cast<std::size_t>(std::max(site.parent, 0)) * width;
    if (weights_.third && site.parent >= 0) {
      std::copy_n(made, hidden, pass_.residual(static_cast<int>(n)));
      continue;
    }
    const int row = static_cast<int>(through.size());
    if (!weights_.third) {
      look_up(weights_.table_dtype, weights_.table, hidden, part_[n].token, embedded_.data());
      fused_.put(arithmetic_, row, 0, embedded_.data(), hidden);
    }
    // A text's row in slot p - 1 reads the feature of place p - 1.
    const float* feature =
        site.parent >= 0
            ? made
            : state.features.data() + static_cast<std::size_t>(part_[n].position) * feature_width();
    fused_.put(arithmetic_, row, static_cast<int>(embedded_part()), feature,
               static_cast<int>(feature_width()));
    through.push_back(static_cast<int>(n));
  }
  if (through.empty()) return;
  team_->run([&](int thread) {
    multiply(arithmetic_, weights_.fuse, fused_, static_cast<int>(through.size()), fresh_.data(), width,
             thread, team_->size());
  });
  for (std::size_t row = 0; row < through.size(); ++row) {
    std::copy_n(fresh_.data() + row * width, hidden, pass_.residual(through[row]));
  }
}

// From the asked rows to logits on the target's vocabulary; minus infinity for what the draft does not know.
void CpuEagle::give(int asked) {
  const int hidden = weights_.config.hidden, known = weights_.output.outputs;
  const std::size_t width = static_cast<std::size_t>(hidden),
                    vocab = static_cast<std::size_t>(weights_.vocab);
  logits_.require(static_cast<std::size_t>(asked) * vocab);
  finite_.store(true, std::memory_order_relaxed);
  for (int begin = 0; begin < asked; begin += static_cast<int>(kMax)) {
    const int count = std::min(static_cast<int>(kMax), asked - begin);
    out_panel_.reset(weights_.output.dtype, count, hidden);
    for (int n = 0; n < count; ++n) {
      const float* row = asked_.data() + static_cast<std::size_t>(begin + n) * width;
      if (weights_.third) {
        arithmetic_.rms_norm(row, weights_.final_norm.data(), hidden,
                             static_cast<float>(weights_.config.rms_epsilon), normed_.data());
        row = normed_.data();
      }
      out_panel_.put(arithmetic_, n, 0, row, hidden);
    }
    const bool all = weights_.target_token.empty();
    float* out = all ? logits_.data() + static_cast<std::size_t>(begin) * vocab : scores_.data();
    team_->run([&](int thread) {
      const Share share = multiply(arithmetic_, weights_.output, out_panel_, count, out,
                                   static_cast<std::size_t>(known), thread, team_->size());
      for (int n = 0; n < count && share.begin < share.end; ++n) {
        const float* row = out + static_cast<std::size_t>(n) * static_cast<std::size_t>(known);
        if (!arithmetic_.all_finite(row + share.begin, share.end - share.begin))
          finite_.store(false, std::memory_order_relaxed);
      }
    });
    if (all) continue;
    for (int n = 0; n < count; ++n) {
      float* row = logits_.data() + static_cast<std::size_t>(begin + n) * vocab;
      std::fill_n(row, vocab, -std::numeric_limits<float>::infinity());
      const float* from = out + static_cast<std::size_t>(n) * static_cast<std::size_t>(known);
      for (int token = 0; token < known; ++token) row[weights_.target_token[token]] = from[token];
    }
  }
  if (!finite_.load(std::memory_order_relaxed)) head_overflows("the EAGLE head's");
  forward_.logits = {logits_.data(), plan_.rows.scores ? asked : 0, weights_.vocab, Place::host};
}

Work CpuEagle::commit(std::span<const Commit> batch) {
  Work work{.op = Op::commit, .sequences = static_cast<int>(batch.size())};
  for (const Commit& kept : batch) {
    State& state = find(kept.sequence);
    work.context += state.cached.used();
    state.cached.forget_nodes();
  }
  return work;
}

Work CpuEagle::truncate(std::span<const Truncation> batch) {
  Work work{.op = Op::truncate, .sequences = static_cast<int>(batch.size())};
  for (const Truncation& rewound : batch) {
    State& state = find(rewound.sequence);
    work.context += state.cached.used();
    state.cached.forget_nodes();
    state.truncate(rewound.sequence, rewound.length);
    state.cached.length = std::max(0, rewound.length - 1);
    state.features.resize(static_cast<std::size_t>(state.told) * feature_width());
  }
  return work;
}

}  // namespace speclab
