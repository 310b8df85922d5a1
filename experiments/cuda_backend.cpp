#include "experiments/cuda_backend.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <tuple>

#include "core/check.h"
#include "core/host_distributions.h"
#include "kernels/cuda/cuda_clock.h"
#include "kernels/cuda/cuda_distributions.h"
#include "kernels/cuda/cuda_early_exit.h"
#include "kernels/cuda/cuda_rules.h"
#include "kernels/cuda/device_row_reader.h"
#include "kernels/cuda/host_rows.h"

namespace speclab {
namespace {

// Models take turns on one stream, which the clock reads.
class CudaBackend : public Backend {
 public:
  explicit CudaBackend(int device) : name_(use_cuda_device(device)), stream_(std::make_shared<Stream>()) {}

  LoadedModel model(const std::filesystem::path& folder, const ModelUse& use) override {
    return made(folder.string(), use,
                [&] { return load_cuda_model(folder, own(use.precision), options(use)); });
  }
  LoadedModel random_model(const std::string& name, const LlamaConfig& config, std::uint64_t seed,
                           const ModelUse& use) override {
    return made(name, use, [&] {
      return random_cuda_model(config, Dtype::bf16, own(use.precision), seed, options(use));
    });
  }
  std::unique_ptr<LanguageModel> early_exit(LanguageModel& whole, int layers, Place rows) override {
    auto made = std::make_unique<CudaEarlyExit>(own(whole), layers);
    if (rows == Place::device) return made;
    auto on_host = std::make_unique<HostRows>(std::move(made));
    on_host->offer_hidden(false);
    return on_host;
  }
  std::unique_ptr<DraftHeads> heads(HeadKind kind, const std::filesystem::path& folder, LanguageModel& base,
                                    Place rows) override {
    CudaTransformer& on = own(base);
    slot_of(base).offer_hidden(true);
    auto made = kind == HeadKind::medusa ? load_cuda_medusa(folder, on) : load_cuda_hydra(folder, on);
    if (rows == Place::device) return made;
    return std::make_unique<HostHeadRows>(std::move(made));
  }
  LoadedFeatures features(const std::filesystem::path& folder, LanguageModel& base, Place rows) override {
    std::unique_ptr<CudaEagle> made = load_cuda_eagle(folder, own(base));
    if (made->taps().empty()) slot_of(base).offer_hidden(true);
    const int positions = made->config().max_positions;
    if (rows == Place::device) return {std::move(made), positions};
    return {std::make_unique<HostFeatureRows>(std::move(made)), positions};
  }
  std::unique_ptr<AcceptanceRule> rule(const std::string& name) override {
    const CudaRuleOptions options{.stream = stream_};
    if (name == "greedy") return std::make_unique<CudaGreedy>(options);
    if (name == "speculative_sampling") return std::make_unique<CudaSpeculativeSampling>(options);
    if (name == "target_only") return std::make_unique<CudaTargetOnly>(options);
    if (name == "sample_and_match") return std::make_unique<CudaSampleAndMatch>(options);
    return nullptr;
  }
  std::unique_ptr<Distributions> distributions(Place rows) override {
    if (rows == Place::host) return std::make_unique<HostDistributions>();
    return std::make_unique<CudaDistributions>(stream_);
  }
  std::unique_ptr<RowReader> reader(Place rows) override {
    if (rows == Place::host) return std::make_unique<RowReader>();
    return std::make_unique<DeviceRowReader>(stream_);
  }
  std::unique_ptr<Clock> clock() override { return std::make_unique<CudaClock>(*stream_); }
  void describe(Provenance& provenance) const override { provenance.device = name_; }

 private:
  using Key = std::tuple<std::string, Actor, Precision, Products>;

  CudaOptions options(const ModelUse& use) const {
    return {
        .stream = stream_,
        .cublas_from = use.products == Products::fastest ? CudaOptions::kMeasured : ModelProducts::kNever};
  }

  static CudaPrecision own(Precision precision) {
    return precision == Precision::int8 ? CudaPrecision::int8 : CudaPrecision::as_stored;
  }
  HostRows& slot_of(LanguageModel& model) const {
    const auto found = std::ranges::find_if(models_, [&](const auto& entry) {
      return entry.second.get() == &model || &entry.second->inner() == &model;
    });
    SPECLAB_CHECK(found != models_.end(), "a model of another backend");
    return *found->second;
  }
  CudaTransformer& own(LanguageModel& model) const { return slot_of(model).inner(); }
  template <class Make>
  LoadedModel made(const std::string& name, const ModelUse& use, const Make& make) {
    std::unique_ptr<HostRows>& slot = models_[{name, use.actor, use.precision, use.products}];
    if (slot == nullptr) slot = std::make_unique<HostRows>(make());
    CudaTransformer& inner = slot->inner();
    slot->offer_hidden(false);  // until heads are put on it
    std::string runs;
    if (use.products == Products::fastest) {
      runs = inner.cublas_from() == ModelProducts::kNever
                 ? "no cuBLAS"
                 : fmt::format("cuBLAS from {} rows on", inner.cublas_from());
    }
    if (use.rows == Place::device) return {inner, inner.config(), std::move(runs)};
    return {*slot, inner.config(), std::move(runs)};
  }

  std::string name_;
  std::shared_ptr<Stream> stream_;
  std::map<Key, std::unique_ptr<HostRows>> models_;
};

}  // namespace

std::unique_ptr<Backend> make_cuda_backend(int device) { return std::make_unique<CudaBackend>(device); }

}  // namespace speclab
