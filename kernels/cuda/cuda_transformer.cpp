#include "kernels/cuda/cuda_transformer.h"

#include <algorithm>

#include "kernels/cuda/product_switch.h"
#include "kernels/llama/overflow.h"

namespace speclab {
namespace {

int rows_for_cublas(const CudaWeights& weights, int asked, Stream& stream) {
  if (weights.precision == CudaPrecision::int8) return ModelProducts::kNever;  // for which it has no products
  return asked == CudaOptions::kMeasured ? cublas_from(time_products(weights, stream)) : asked;
}

}  // namespace

CudaTransformer::CudaTransformer(CudaWeights weights, CudaOptions options)
    : CudaTransformer(std::move(weights), std::move(options), nullptr) {}

CudaTransformer::CudaTransformer(CudaWeights weights, const CudaTransformer& whole)
    : CudaTransformer(std::move(weights),
                      {.stream = whole.stream_, .graphs = whole.capture_, .cublas_from = whole.cublas_from_},
                      whole.pool_) {}

CudaTransformer::CudaTransformer(CudaWeights weights, CudaOptions options, std::shared_ptr<PagePool> pool)
    : weights_(std::move(weights)),
      stream_(options.stream ? std::move(options.stream) : std::make_shared<Stream>()),
      capture_(options.graphs),
      cublas_from_(rows_for_cublas(weights_, options.cublas_from, *stream_)),
      pool_(pool ? std::move(pool)
                 : std::make_shared<PagePool>(weights_.config, options.cache_positions, *stream_)),
      pass_(make_cuda_pass(weights_, *pool_, *stream_, cublas_from_)),
      graphs_(*stream_, capture_) {}

CudaTransformer::~CudaTransformer() { stream_->drain(); }

void CudaTransformer::tap(std::span<const int> layers) {
  check_taps(layers, weights_.config);
  pass_->tap({layers.begin(), layers.end()});
  graphs_.forget();
}

void CudaTransformer::finish() {
  if (const auto unsound = flags_.wait())
    logits_overflow(uploaded_.parts()[unsound->part].asked_before + unsound->row);
}

const Forward& CudaTransformer::forward(std::span<const SequenceInput> batch) {
  finish();
  in_batch_.clear();
  slots_.clear();
  for (const SequenceInput& slice : batch) {
    in_batch_.push_back(&find(slice.sequence));
    slots_.push_back(in_batch_.back());
  }
  plan_.check(batch, slots_, weights_.config);
  reserve(batch);
  plan_.enter(batch, slots_, weights_.config);
  try {
    evaluate();
  } catch (...) {
    stream_->drain();
    plan_.leave(slots_);
    throw;
  }
  forward_.first = plan_.first;
  forward_.work = plan_.work;
  return forward_;
}

void CudaTransformer::reserve(std::span<const SequenceInput> batch) {
  const auto needed = [&](std::size_t i) { return in_batch_[i]->used() + PassPlan::slots_of(batch[i]); };
  int pages = 0;
  for (std::size_t i = 0; i < batch.size(); ++i) pages += in_batch_[i]->cache->lacking(needed(i));
  pool_->reserve(pages);
  const std::size_t asked = PassPart::kMaxRounding + PassPlan::asked_of(batch),
                    width = static_cast<std::size_t>(weights_.config.hidden);
  if (plan_.scores) logits_.require(asked * static_cast<std::size_t>(weights_.config.vocab), "logits");
  hidden_.require(asked * width, "hidden rows");
  tapped_.require(asked * width * pass_->taps().size(), "tapped rows");
  for (std::size_t i = 0; i < batch.size(); ++i) in_batch_[i]->cache->take(needed(i));
}

int CudaTransformer::moves() const {
  return pool_->moves() + logits_.moves() + hidden_.moves() + tapped_.moves() + uploaded_.moves() +
         pass_->moves();
}

void CudaTransformer::evaluate() {
  uploaded_.send(plan_, in_batch_, weights_.config, *stream_);
  pass_->fit(uploaded_.max_partials(), uploaded_.positions());
  graphs_.expect(moves());
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
  const auto pass = [&] { pass_->run(part, rows); };
  if (uploaded_.parts().size() > 1) return pass();
  graphs_.run(part.size, pass);
}

Work CudaTransformer::commit(std::span<const Commit> batch) {
  finish();
  Work work{.op = Op::commit, .sequences = static_cast<int>(batch.size())};
  in_batch_.clear();
  std::size_t max = 0;
  for (const Commit& kept : batch) {
    in_batch_.push_back(&find(kept.sequence));
    max += kept.path.size();
  }
  commits_.begin();
  kept_table_.fit(in_batch_);
  const auto paths = commits_.add<KeptSlots>(batch.size());
  const auto from = commits_.add<int>(max);
  const auto table = commits_.add<int>(batch.size() * static_cast<std::size_t>(kept_table_.stride()));
  commits_.lay_out();  // before anything changes: memory may be short
  int path_count = 0, begin = 0;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    CudaSequence& sequence = *in_batch_[i];
    work.context += sequence.used();
    KeptSlots path{.sequence = static_cast<int>(i), .begin = begin};
    sequence.commit(batch[i].sequence, batch[i].path, [&](int slot, int to) {
      if (path.count == 0) path.to = to;
      commits_.host(from)[begin + path.count++] = slot;
    });
    begin += path.count;
    if (path.count > 0) commits_.host(paths)[path_count++] = path;
  }
  work.new_tokens = begin;
  if (path_count == 0) return work;
  kept_table_.write(in_batch_, commits_.host(table));
  commits_.send(*stream_);
  pass_->commit(commits_.device(paths), commits_.device(from), path_count, commits_.device(table),
                kept_table_.stride());
  return work;
}

Work CudaTransformer::truncate(std::span<const Truncation> batch) {
  finish();
  Work work{.op = Op::truncate, .sequences = static_cast<int>(batch.size())};
  for (const Truncation& rewound : batch) {
    CudaSequence& sequence = find(rewound.sequence);
    work.context += sequence.used();
    sequence.truncate(rewound.sequence, rewound.length);
  }
  return work;
}

std::unique_ptr<CudaTransformer> load_cuda_model(const std::filesystem::path& directory,
                                                 CudaPrecision precision, CudaOptions options, int vocab) {
  if (!options.stream) options.stream = std::make_shared<Stream>();
  CudaWeights weights = load_cuda_weights(directory, precision, *options.stream, vocab);
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
