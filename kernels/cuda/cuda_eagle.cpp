#include "kernels/cuda/cuda_eagle.h"

#include <algorithm>

#include "core/check.h"
#include "kernels/cuda/head_kernels.h"
#include "kernels/cuda/rounded_rows.h"
#include "kernels/llama/overflow.h"

namespace speclab {
namespace {

constexpr std::size_t kMax = CudaEaglePass::kMaxRows;

}  // namespace

CudaEagle::CudaEagle(const EagleWeights& weights, const CudaTransformer& target, int cache_positions)
    : weights_(weights, target),
      taps_(weights.taps),
      guessable_(weights.target_token.empty() ? weights.vocab
                                              : static_cast<int>(weights.target_token.size())),
      feature_width_(weights.fuse.inputs - (weights.third ? 0 : weights.config.hidden)),
      stream_(target.stream()),
      features_(feature_width_),
      made_(weights.config.hidden),
      pool_(std::make_shared<PagePool>(weights.config, cache_positions, *stream_)),
      pass_(make_cuda_eagle_pass(weights_, *pool_, *stream_)),
      layer_graphs_(*stream_, target.captures()),
      head_graphs_(*stream_, target.captures()) {}

CudaEagle::~CudaEagle() { stream_->drain(); }

CudaEagle::State::~State() {
  for (float* row : features) of.features_.give_back(row);
  for (float* row : made) of.made_.give_back(row);
  if (other_root) of.made_.give_back(other_root);
}

void CudaEagle::open(SequenceId sequence) { states_.open(sequence, *this, pool_); }

void CudaEagle::tell_all(std::span<const FeatureRow> features) {
  if (features.empty()) return;
  const Place place = features[0].feature.place;
  for (const auto& [sequence, feature] : features) {
    states_.find(sequence);
    SPECLAB_CHECK(feature.cols == feature_width_, "a feature of {} numbers, but the head reads {}",
                  feature.cols, feature_width_);
    SPECLAB_CHECK(feature.place == place, "features of the host and of the device came together");
  }
  features_.reserve(features.size());
  // Those of the host go through pinned memory, which a long prompt is not to fill.
  const bool of_host = place == Place::host;
  const std::size_t max = of_host ? kMax : features.size();
  for (std::size_t begin = 0; begin < features.size(); begin += max)
    tell_part(features.subspan(begin, std::min(max, features.size() - begin)), of_host);
}

void CudaEagle::tell_part(std::span<const FeatureRow> features, bool of_host) {
  const std::size_t width = static_cast<std::size_t>(feature_width_);
  told_upload_.begin();
  const auto from = told_upload_.add<const float*>(features.size());
  const auto to = told_upload_.add<float*>(features.size());
  const auto values = told_upload_.add<float>(of_host ? features.size() * width : 0);
  told_upload_.lay_out();
  for (std::size_t i = 0; i < features.size(); ++i) {
    State& state = states_.find(features[i].sequence);
    state.features.push_back(features_.take());
    ++state.told;
    const Row& row = features[i].feature;
    if (of_host) std::ranges::copy(row.f32(), told_upload_.host(values) + i * width);
    told_upload_.host(from)[i] = of_host ? told_upload_.device(values) + i * width : row.as<float>();
    told_upload_.host(to)[i] = state.features.back();
  }
  told_upload_.send(*stream_);
  move_rows({.from = told_upload_.device(from),
             .to = told_upload_.device(to),
             .rows = static_cast<int>(features.size()),
             .width = feature_width_},
            *stream_);
}

void CudaEagle::finish() {
  if (flags_.wait()) head_overflows("the EAGLE head's");
}

const Forward& CudaEagle::forward(std::span<const SequenceInput> batch) {
  finish();
  prepare(batch);
  plan_.enter(batch, told_, slots_, weights_.config);
  swap_roots();
  try {
    evaluate();
    give();
  } catch (...) {
    stream_->drain();
    swap_roots();
    plan_.leave(told_, slots_);
    throw;
  }
  forward_.first = plan_.rows.first;
  forward_.work = plan_.rows.work;
  return forward_;
}

void CudaEagle::prepare(std::span<const SequenceInput> batch) {
  in_batch_.clear();
  told_.clear();
  slots_.clear();
  cached_.clear();
  for (const SequenceInput& slice : batch) {
    State& state = states_.find(slice.sequence);
    in_batch_.push_back(&state);
    told_.push_back(&state);
    slots_.push_back(&state.slots);
    cached_.push_back(&state.slots);
  }
  plan_.check(batch, told_, slots_, weights_.config);
  const std::size_t asked = std::max(PassPlan::asked_of(plan_.slices), kMax);
  asked_.require(asked * static_cast<std::size_t>(weights_.config.hidden), "states of an EAGLE head");
  logits_.require(asked * static_cast<std::size_t>(weights_.vocab), "logits of an EAGLE head");
  unsound_.require((asked + kMax - 1) / kMax, "flags of an EAGLE head");
  for (std::size_t i = 0; i < batch.size(); ++i) {
    State& state = *in_batch_[i];
    while (state.made.size() < static_cast<std::size_t>(plan_.nodes[i])) state.made.push_back(made_.take());
    if (!state.other_root) state.other_root = made_.take();
  }
  const auto needed = [&](std::size_t i) { return cached_[i]->used() + PassPlan::slots_of(plan_.slices[i]); };
  int pages = 0;
  for (std::size_t i = 0; i < batch.size(); ++i) pages += cached_[i]->cache->lacking(needed(i));
  pool_->reserve(pages);
  for (std::size_t i = 0; i < batch.size(); ++i) cached_[i]->cache->take(needed(i));
}

// A new root's state goes beside the last one's, which stays until the pass is surely on its way.
void CudaEagle::swap_roots() {
  for (std::size_t i = 0; i < in_batch_.size(); ++i) {
    State& state = *in_batch_[i];
    if (!plan_.slices[i].text.empty()) std::swap(state.made[0], state.other_root);
  }
}

void CudaEagle::evaluate() {
  for (std::size_t begin = 0; begin < plan_.order.size();) {
    const std::span<const int> part = plan_.part(begin, kMax);
    evaluate(part);
    begin += part.size();
  }
}

void CudaEagle::evaluate(std::span<const int> rows) {
  part_.rows.clear();
  part_.paths = plan_.rows.paths;
  for (const int n : rows) {
    part_.rows.push_back(plan_.rows.rows[n]);
    part_.rows.back().asked = false;  // logits are made of all asked rows together
  }
  uploaded_.send(part_, cached_, weights_.config, *stream_);
  pass_->fit(uploaded_.max_partials(), uploaded_.positions());
  const PassPart& part = uploaded_.parts()[0];
  const EagleRows sent = send(rows, part.size.rows);
  layer_graphs_.expect(moves());
  layer_graphs_.run({part.size, sent.any_fused}, [&] { pass_->run(part, sent); });
}

// Rows that only fill up the launch read what the first reads, and are kept nowhere.
EagleRows CudaEagle::send(std::span<const int> rows, int padded) {
  places_.begin();
  const std::size_t count = static_cast<std::size_t>(padded),
                    width = static_cast<std::size_t>(weights_.config.hidden);
  const auto features = places_.add<const float*>(count), states = places_.add<const float*>(count);
  const auto made = places_.add<float*>(count), asked = places_.add<float*>(count);
  places_.lay_out();
  EagleRows sent{places_.device(features), places_.device(states), places_.device(made),
                 places_.device(asked)};
  for (std::size_t n = 0; n < count; ++n) {
    const bool fills_up = n >= rows.size();
    const auto row = static_cast<std::size_t>(rows[fills_up ? 0 : n]);
    const FeaturePlan::Site& site = plan_.sites[row];
    const State& state = *in_batch_[site.slice];
    // A text's row in slot p - 1 reads the feature of place p - 1.
    const bool text = site.parent < 0;
    const float* before = text ? state.features[plan_.rows.rows[row].position] : state.made[site.parent];
    const bool fused = text || !weights_.third;
    places_.host(features)[n] = fused ? before : nullptr;
    places_.host(states)[n] = fused ? pass_->fused() + n * width : before;
    sent.any_fused |= fused;
    if (fills_up) continue;
    if (site.node >= 0) places_.host(made)[n] = state.made[site.node];
    if (site.asked >= 0)
      places_.host(asked)[n] = asked_.data() + static_cast<std::size_t>(site.asked) * width;
  }
  places_.send(*stream_);
  return sent;
}

void CudaEagle::give() {
  const std::size_t asked = static_cast<std::size_t>(plan_.rows.asked), parts = (asked + kMax - 1) / kMax;
  fill_bytes(unsound_.data(), PartFlags::kSoundByte, parts * sizeof(std::int32_t), *stream_);
  const std::size_t width = static_cast<std::size_t>(config().hidden);
  for (std::size_t i = 0; i < parts; ++i) {
    const std::size_t begin = i * kMax, count = std::min(kMax, asked - begin);
    const auto launch = [&](int rows) {
      pass_->give(asked_.data() + begin * width, rows,
                  logits_.data() + begin * static_cast<std::size_t>(vocab()), unsound_.data() + i);
    };
    if (parts > 1) {
      launch(static_cast<int>(count));
      continue;
    }
    const int rows = rounded_rows(static_cast<int>(count));  // of which the last are zeros
    fill_bytes(asked_.data() + count * width, 0,
               (static_cast<std::size_t>(rows) - count) * width * sizeof(float), *stream_);
    head_graphs_.expect(moves());
    head_graphs_.run(rows, [&] { launch(rows); });
  }
  flags_.fetch(unsound_.data(), parts, *stream_);
  forward_.logits = {logits_.data(), plan_.rows.scores ? plan_.rows.asked : 0, weights_.vocab, Place::device};
}

int CudaEagle::moves() const {
  return pool_->moves() + uploaded_.moves() + places_.moves() + pass_->moves() + asked_.moves() +
         logits_.moves() + unsound_.moves();
}

Work CudaEagle::commit(std::span<const Commit> batch) {
  Work work{.op = Op::commit, .sequences = static_cast<int>(batch.size())};
  for (const Commit& kept : batch) {
    State& state = states_.find(kept.sequence);
    work.context += state.slots.used();
    state.slots.forget_nodes();
  }
  return work;
}

Work CudaEagle::truncate(std::span<const Truncation> batch) {
  Work work{.op = Op::truncate, .sequences = static_cast<int>(batch.size())};
  for (const Truncation& rewound : batch) {
    State& state = states_.find(rewound.sequence);
    work.context += state.slots.used();
    state.slots.forget_nodes();
    state.truncate(rewound.sequence, rewound.length);
    state.slots.length = std::max(0, rewound.length - 1);
    while (static_cast<int>(state.features.size()) > state.told) {
      features_.give_back(state.features.back());
      state.features.pop_back();
    }
  }
  return work;
}

std::unique_ptr<CudaEagle> load_cuda_eagle(const std::filesystem::path& directory,
                                           const CudaTransformer& target, int tokens) {
  return std::make_unique<CudaEagle>(load_eagle(directory, {target.config(), target.weights().dtype, tokens}),
                                     target);
}

}  // namespace speclab
