#include "kernels/cuda/cuda_transformer.h"

#include <algorithm>

#include "kernels/llama/overflow.h"

namespace speclab {

CudaTransformer::CudaTransformer(CudaWeights weights, CudaOptions options)
    : CudaTransformer(std::move(weights), std::move(options), nullptr) {}

CudaTransformer::CudaTransformer(CudaWeights weights, const CudaTransformer& whole)
    : CudaTransformer(std::move(weights), {.stream = whole.stream_, .graphs = whole.capture_}, whole.pool_) {}

CudaTransformer::CudaTransformer(CudaWeights weights, CudaOptions options, std::shared_ptr<PagePool> pool)
    : weights_(std::move(weights)),
      stream_(options.stream ? std::move(options.stream) : std::make_shared<Stream>()),
      capture_(options.graphs),
      pool_(pool ? std::move(pool)
                 : std::make_shared<PagePool>(weights_.config, options.cache_positions, *stream_)),
      pass_(make_cuda_pass(weights_, *pool_, *stream_)) {}

CudaTransformer::~CudaTransformer() { stream_->drain(); }

std::size_t CudaTransformer::graphs() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      graphs_, [](const auto& known) { return static_cast<bool>(known.second.graph); }));
}

void CudaTransformer::tap(std::span<const int> layers) {
  check_taps(layers, weights_.config);
  pass_->tap({layers.begin(), layers.end()});
  graphs_.clear();
}

void CudaTransformer::finish() {
  if (const auto unsound = flags_.wait())
    logits_overflow(uploaded_.parts()[unsound->part].asked_before + unsound->row);
}

const Forward& CudaTransformer::forward(std::span<const Slice> batch) {
  finish();
  in_batch_.clear();
  slots_.clear();
  for (const Slice& slice : batch) {
    in_batch_.push_back(&find(slice.sequence));
    slots_.push_back(in_batch_.back());
  }
  plan_.check(batch, slots_, weights_.config);
  reserve(batch);
  plan_.enter(batch, slots_, weights_.config);
  evaluate();
  forward_.first = plan_.first;
  forward_.work = plan_.work;
  return forward_;
}

void CudaTransformer::reserve(std::span<const Slice> batch) {
  std::size_t scored = PassPart::kMostRows, featured = 0;
  int pages = 0;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const Slice& slice = batch[i];
    if (slice.give == Give::scores) scored += (slice.text.empty() ? 0 : 1) + slice.nodes.size();
    if (slice.give == Give::features) featured += slice.text.size();
    pages += in_batch_[i]->cache->lacking(in_batch_[i]->used() + PassPlan::slots_of(slice));
  }
  const std::size_t asked = scored + featured;
  pool_->reserve(pages);
  bool moved = pool_moves_ != pool_->moves();
  pool_moves_ = pool_->moves();
  const std::size_t width = static_cast<std::size_t>(weights_.config.hidden);
  const auto room = [&](DeviceBuffer<float>& buffer, std::size_t count, const char* what) {
    moved |= count > buffer.size();
    buffer.require(count, what);
  };
  room(logits_, scored * static_cast<std::size_t>(weights_.config.vocab), "logits");
  room(hidden_, asked * width, "hidden rows");
  room(tapped_, asked * width * pass_->taps().size(), "tapped rows");
  if (moved) graphs_.clear();
  for (std::size_t i = 0; i < batch.size(); ++i)
    in_batch_[i]->cache->take(in_batch_[i]->used() + PassPlan::slots_of(batch[i]));
}

void CudaTransformer::evaluate() {
  bool moved = uploaded_.send(plan_, in_batch_, weights_.config, *stream_);
  moved |= pass_->fit(uploaded_.most_partials(), uploaded_.positions());
  if (moved) graphs_.clear();
  for (const PassPart& part : uploaded_.parts()) run(part);
  flags_.fetch(uploaded_.not_finite(), uploaded_.parts().size(), *stream_);
  const int taps = static_cast<int>(pass_->taps().size()), hidden = weights_.config.hidden;
  forward_.logits = {logits_.data(), plan_.scores ? plan_.asked : 0, weights_.config.vocab, Place::device};
  forward_.hidden = {hidden_.data(), plan_.asked, hidden, Place::device};
  forward_.tapped = {taps > 0 ? tapped_.data() : nullptr, plan_.asked, taps * hidden, Place::device};
}

void CudaTransformer::run(const PassPart& part) {
  const std::size_t before = static_cast<std::size_t>(part.asked_before);
  const std::size_t width = static_cast<std::size_t>(weights_.config.hidden);
  const PassRows rows{logits_.data() + before * static_cast<std::size_t>(weights_.config.vocab),
                      hidden_.data() + before * width,
                      tapped_.data() + before * width * pass_->taps().size()};
  if (!capture_ || uploaded_.parts().size() > 1) return pass_->run(part, rows);
  Known& known = graphs_[part.size];
  if (known.seen++ == 0) return pass_->run(part, rows);
  if (!known.graph) known.graph = Graph(*stream_, [&] { pass_->run(part, rows); });
  known.graph.launch(*stream_);
}

Work CudaTransformer::keep(std::span<const Kept> batch) {
  finish();
  Work work{.op = Op::keep, .sequences = static_cast<int>(batch.size())};
  in_batch_.clear();
  kept_.clear();
  from_.clear();
  for (const Kept& kept : batch) {
    CudaSequence& sequence = find(kept.sequence);
    work.context += sequence.used();
    const int begin = static_cast<int>(from_.size());
    int to = 0;
    sequence.keep(kept.sequence, kept.path, [&](int from, int where) {
      if (static_cast<int>(from_.size()) == begin) to = where;
      from_.push_back(from);
    });
    const int moved = static_cast<int>(from_.size()) - begin;
    if (moved == 0) continue;
    kept_.push_back({static_cast<int>(in_batch_.size()), to, begin, moved});
    in_batch_.push_back(&sequence);
  }
  work.new_tokens = static_cast<int>(from_.size());
  if (kept_.empty()) return work;
  moves_.begin();
  moves_table_.fit(in_batch_);
  const auto paths = moves_.add<KeptSlots>(kept_.size());
  const auto from = moves_.add<int>(from_.size());
  const auto table = moves_.add<int>(in_batch_.size() * static_cast<std::size_t>(moves_table_.stride()));
  moves_.lay_out();
  std::ranges::copy(kept_, moves_.host(paths));
  std::ranges::copy(from_, moves_.host(from));
  moves_table_.write(in_batch_, moves_.host(table));
  moves_.send(*stream_);
  pass_->keep(moves_.device(paths), moves_.device(from), static_cast<int>(kept_.size()), moves_.device(table),
              moves_table_.stride());
  return work;
}

Work CudaTransformer::rewind(std::span<const Rewound> batch) {
  finish();
  Work work{.op = Op::rewind, .sequences = static_cast<int>(batch.size())};
  for (const Rewound& rewound : batch) {
    CudaSequence& sequence = find(rewound.sequence);
    work.context += sequence.used();
    sequence.rewind(rewound.sequence, rewound.length);
  }
  return work;
}

std::unique_ptr<CudaTransformer> load_cuda_model(const std::filesystem::path& directory,
                                                 CudaPrecision precision, CudaOptions options) {
  if (!options.stream) options.stream = std::make_shared<Stream>();
  CudaWeights weights = load_cuda_weights(directory, precision, *options.stream);
  return std::make_unique<CudaTransformer>(std::move(weights), std::move(options));
}

std::unique_ptr<CudaTransformer> random_cuda_model(const LlamaConfig& config, Dtype dtype,
                                                   CudaPrecision precision, std::uint64_t seed,
                                                   CudaOptions options) {
  if (!options.stream) options.stream = std::make_shared<Stream>();
  CudaWeights weights = random_cuda_weights(config, dtype, precision, seed, *options.stream);
  return std::make_unique<CudaTransformer>(std::move(weights), std::move(options));
}

}  // namespace speclab
