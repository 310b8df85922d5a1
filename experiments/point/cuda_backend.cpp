#include "experiments/point/cuda_backend.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <tuple>

#include "core/check.h"
#include "experiments/point/cuda_backend_rules.h"
#include "kernels/cuda/cuda_clock.h"
#include "kernels/cuda/cuda_distributions.h"
#include "kernels/cuda/cuda_eagle.h"
#include "kernels/cuda/cuda_early_exit.h"
#include "kernels/cuda/cuda_heads.h"
#include "kernels/cuda/cuda_transformer.h"
#include "kernels/cuda/device_row_reader.h"

namespace speclab {
namespace {

// Models take turns on one stream, which the clock reads.
class CudaBackend : public Backend {
 public:
  explicit CudaBackend(int device) : name_(use_cuda_device(device)), stream_(std::make_shared<Stream>()) {}

  LoadedModel model(const std::filesystem::path& folder, const ModelUse& use) override {
    return made(folder.string(), use,
                [&] { return load_cuda_model(folder, own(use.precision), options(use), use.vocab); });
  }
  LoadedModel random_model(const std::string& name, const LlamaConfig& config, std::uint64_t seed,
                           const ModelUse& use) override {
    return made(name, use, [&] {
      return random_cuda_model(config, Dtype::bf16, own(use.precision), seed, options(use));
    });
  }
  std::unique_ptr<LanguageModel> early_exit(LanguageModel& whole, int layers) override {
    return std::make_unique<CudaEarlyExit>(own(whole), layers);
  }
  LoadedHeads heads(HeadKind kind, const std::filesystem::path& folder, LanguageModel& base,
                    int tokens) override {
    std::unique_ptr<CudaHeads> made = kind == HeadKind::medusa ? load_cuda_medusa(folder, own(base), tokens)
                                                               : load_cuda_hydra(folder, own(base), tokens);
    std::vector<std::string> remarks = made->remarks();
    return {std::move(made), std::move(remarks)};
  }
  LoadedFeatures features(const std::filesystem::path& folder, LanguageModel& base, int tokens) override {
    std::unique_ptr<CudaEagle> made = load_cuda_eagle(folder, own(base), tokens);
    const LlamaConfig& config = made->config();
    return {std::move(made), config.max_positions, config.remarks};
  }
  std::unique_ptr<AcceptanceRule> rule(std::unique_ptr<AcceptanceRule> on_host) override {
    return cuda_rule(std::move(on_host), {.stream = stream_});
  }
  std::unique_ptr<Distributions> distributions() override {
    return std::make_unique<CudaDistributions>(stream_);
  }
  std::unique_ptr<RowReader> reader() override { return std::make_unique<DeviceRowReader>(stream_); }
  std::unique_ptr<Clock> clock() override { return std::make_unique<CudaClock>(*stream_); }
  void describe(Provenance& provenance) const override { provenance.device = name_; }

 private:
  using Key = std::tuple<std::string, Actor, Precision, Products, int>;

  CudaOptions options(const ModelUse& use) const {
    return {
        .stream = stream_,
        .cublas_from = use.products == Products::fastest ? CudaOptions::kMeasured : ModelProducts::kNever};
  }

  static CudaPrecision own(Precision precision) {
    return precision == Precision::int8 ? CudaPrecision::int8 : CudaPrecision::as_stored;
  }
  CudaTransformer& own(LanguageModel& model) const {
    const auto found =
        std::ranges::find_if(models_, [&](const auto& entry) { return entry.second.get() == &model; });
    SPECLAB_CHECK(found != models_.end(), "a model of another backend");
    return *found->second;
  }
  template <class Make>
  LoadedModel made(const std::string& name, const ModelUse& use, const Make& make) {
    std::unique_ptr<CudaTransformer>& slot =
        models_[{name, use.actor, use.precision, use.products, use.vocab}];
    if (slot == nullptr) slot = make();
    std::string runs;
    if (use.products == Products::fastest) {
      runs = slot->cublas_from() == ModelProducts::kNever
                 ? "no cuBLAS"
                 : fmt::format("cuBLAS from {} rows on", slot->cublas_from());
    }
    return {*slot, slot->config(), std::move(runs), slot->config().remarks};
  }

  std::string name_;
  std::shared_ptr<Stream> stream_;
  std::map<Key, std::unique_ptr<CudaTransformer>> models_;
};

}  // namespace

std::unique_ptr<Backend> make_cuda_backend(int device) { return std::make_unique<CudaBackend>(device); }

}  // namespace speclab
