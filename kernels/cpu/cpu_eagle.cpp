#include "kernels/cpu/cpu_eagle.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "core/check.h"
#include "kernels/llama/overflow.h"

namespace speclab {
namespace {

constexpr std::size_t kMost = LayerPass::kMostRows;

}  // namespace

CpuEagle::CpuEagle(EagleWeights weights, CpuOptions options)
    : weights_(std::move(weights)),
      team_(options.team ? std::move(options.team) : std::make_shared<ThreadTeam>()),
      arithmetic_(options.arithmetic ? *options.arithmetic : best_arithmetic()),
      pass_(weights_.config, weights_.dtype, arithmetic_, *team_),
      embedded_(static_cast<std::size_t>(weights_.config.hidden)),
      normed_(static_cast<std::size_t>(padded(weights_.config.hidden))) {
  fresh_.require(kMost * static_cast<std::size_t>(weights_.config.hidden));
  scores_.require(kMost * static_cast<std::size_t>(weights_.output.outputs));
}

void CpuEagle::tell(SequenceId sequence, Row feature) {
  SPECLAB_CHECK(static_cast<std::size_t>(feature.cols) == feature_width(),
                "a feature of {} numbers, but the head reads {}", feature.cols, feature_width());
  std::vector<float>& told = find(sequence).told;
  told.insert(told.end(), feature.f32().begin(), feature.f32().end());
}

const Forward& CpuEagle::forward(std::span<const Slice> batch) {
  plan(batch);
  trace(batch);
  asked_.require(static_cast<std::size_t>(plan_.asked) * static_cast<std::size_t>(weights_.config.hidden));
  for (std::size_t begin = 0, end = 0; begin < order_.size(); begin = end) {
    const auto wave = [&](std::size_t i) { return sites_[static_cast<std::size_t>(order_[i])].wave; };
    while (end < order_.size() && end - begin < kMost && wave(end) == wave(begin)) ++end;
    evaluate(std::span(order_).subspan(begin, end - begin));
  }
  give(plan_.asked);
  forward_.first = plan_.first;
  forward_.work = plan_.work;
  return forward_;
}

// The first token of a text has no row; the others' rows are a text of their own.
void CpuEagle::plan(std::span<const Slice> batch) {
  in_batch_.clear();
  cached_.clear();
  caches_.clear();
  slices_.assign(batch.begin(), batch.end());
  for (Slice& slice : slices_) {
    const int id = static_cast<int>(slice.sequence);
    State& state = find(slice.sequence);
    SPECLAB_CHECK(slice.give != Give::features, "sequence {}: an EAGLE head gives no features", id);
    const std::size_t places = state.told.size() / feature_width();
    const std::size_t needed = static_cast<std::size_t>(state.length) + slice.text.size();
    SPECLAB_CHECK(slice.text.empty() || places + 1 >= needed,
                  "sequence {}: features of {} places were told, but a text of {} tokens came", id, places,
                  needed);
    SPECLAB_CHECK(!slice.text.empty() || slice.nodes.empty() || state.root_made_at == state.length,
                  "sequence {}: nodes came below a root that has no row", id);
    if (state.length == 0 && !slice.text.empty()) {
      SPECLAB_CHECK(slice.give == Give::nothing || slice.text.size() > 1,
                    "sequence {}: the first token of a text has no row", id);
      slice.text = slice.text.subspan(1);
    }
    in_batch_.push_back(&state);
    cached_.push_back(&state.cached);
    caches_.push_back(state.cached.cache.get());
  }
  plan_.check(slices_, cached_, weights_.config);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    caches_[i]->reserve(cached_[i]->used() + PassPlan::slots_of(slices_[i]));
  }
  plan_.enter(slices_, cached_, weights_.config);
  for (std::size_t i = 0; i < batch.size(); ++i)
    in_batch_[i]->length += static_cast<int>(batch[i].text.size());
}

// The plan has, slice by slice, the text's rows and then the nodes'.
void CpuEagle::trace(std::span<const Slice> batch) {
  sites_.clear();
  int asked = 0;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    State& state = *in_batch_[i];
    const std::span<const Token> text = slices_[i].text;
    int most = 0;
    for (const int node : batch[i].nodes) most = std::max(most, node);
    const std::size_t room =
        static_cast<std::size_t>(most + 1) * static_cast<std::size_t>(weights_.config.hidden);
    if (state.made.size() < room) state.made.resize(room);
    for (std::size_t t = 0; t < text.size(); ++t) sites_.push_back({.state = &state});
    if (!text.empty()) {
      sites_.back().node = 0;
      state.root_made_at = state.length;
    }
    wave_of_.assign(static_cast<std::size_t>(most + 1), -1);
    if (!text.empty()) wave_of_[0] = 0;
    for (const int node : batch[i].nodes) {
      const int parent = batch[i].tree->parent(node);
      // A parent's number may be above all nodes that came in this call.
      const int before = parent <= most ? wave_of_[static_cast<std::size_t>(parent)] : -1;
      wave_of_[static_cast<std::size_t>(node)] = before + 1;
      sites_.push_back({.state = &state, .node = node, .parent = parent, .wave = before + 1});
    }
  }
  for (std::size_t n = 0; n < sites_.size(); ++n) {
    if (plan_.rows[n].asked) sites_[n].asked = asked++;
  }
  order_.resize(sites_.size());
  std::iota(order_.begin(), order_.end(), 0);
  std::ranges::stable_sort(order_, {}, [&](int n) { return sites_[static_cast<std::size_t>(n)].wave; });
}

void CpuEagle::evaluate(std::span<const int> rows) {
  const int count = static_cast<int>(rows.size()), hidden = weights_.config.hidden;
  part_.clear();
  for (const int n : rows) part_.push_back(plan_.rows[static_cast<std::size_t>(n)]);
  pass_.begin(part_, plan_.paths, caches_);
  fuse(rows);
  if (!weights_.third) {
    team_->run([&](int thread) { pass_.layer(weights_.layer, 0, pass_.as_it_is(count, thread), thread); });
  } else {
    input_.reset(weights_.dtype, count, 2 * hidden);
    const float epsilon = static_cast<float>(weights_.config.rms_epsilon);
    for (int n = 0; n < count; ++n) {
      look_up(weights_.table_dtype, weights_.table, hidden, part_[static_cast<std::size_t>(n)].token,
              embedded_.data());
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
    const Site& site = sites_[static_cast<std::size_t>(rows[static_cast<std::size_t>(n)])];
    const std::size_t width = static_cast<std::size_t>(hidden);
    if (site.node >= 0) {
      std::copy_n(pass_.residual(n), hidden,
                  site.state->made.data() + static_cast<std::size_t>(site.node) * width);
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
    const Site& site = sites_[static_cast<std::size_t>(rows[n])];
    const float* made = site.state->made.data() + static_cast<std::size_t>(std::max(site.parent, 0)) * width;
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
            : site.state->told.data() + static_cast<std::size_t>(part_[n].position) * feature_width();
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
  for (int begin = 0; begin < asked; begin += static_cast<int>(kMost)) {
    const int count = std::min(static_cast<int>(kMost), asked - begin);
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
      for (int token = 0; token < known; ++token)
        row[weights_.target_token[static_cast<std::size_t>(token)]] = from[token];
    }
  }
  if (!finite_.load(std::memory_order_relaxed)) head_overflows("the EAGLE head's");
  forward_.logits = {logits_.data(), plan_.scores ? asked : 0, weights_.vocab, Place::host};
}

Work CpuEagle::keep(std::span<const Kept> batch) {
  Work work{.op = Op::keep, .sequences = static_cast<int>(batch.size())};
  for (const Kept& kept : batch) {
    State& state = find(kept.sequence);
    work.context += state.cached.used();
    state.cached.forget_nodes();
  }
  return work;
}

Work CpuEagle::rewind(std::span<const Rewound> batch) {
  Work work{.op = Op::rewind, .sequences = static_cast<int>(batch.size())};
  for (const Rewound& rewound : batch) {
    State& state = find(rewound.sequence);
    SPECLAB_CHECK(rewound.length >= 0 && rewound.length <= state.length,
                  "sequence {}: rewound to {} of {} tokens", static_cast<int>(rewound.sequence),
                  rewound.length, state.length);
    work.context += state.cached.used();
    state.cached.forget_nodes();
    state.length = rewound.length;
    state.cached.length = std::max(0, rewound.length - 1);
    state.root_made_at = 0;
    state.told.resize(
        std::min(state.told.size(), static_cast<std::size_t>(rewound.length) * feature_width()));
  }
  return work;
}

}  // namespace speclab
