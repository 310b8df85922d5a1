#include "experiments/cuda_backend.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "core/check.h"
#include "core/errors.h"
#include "core/host_distributions.h"
#include "kernels/cuda/cuda_clock.h"
#include "kernels/cuda/host_rows.h"

namespace speclab {
namespace {

// Models take turns on one stream, which the clock reads. Their rows are read on the host.
class CudaBackend : public Backend {
 public:
  explicit CudaBackend(int device) : name_(use_cuda_device(device)), stream_(std::make_shared<Stream>()) {}

  LoadedModel model(const std::filesystem::path& folder, Actor actor, Precision precision) override {
    return made(folder.string(), actor, precision,
                [&] { return load_cuda_model(folder, own(precision), {.stream = stream_}); });
  }
  LoadedModel random_model(const LlamaConfig& config, std::uint64_t seed, Actor actor,
                           Precision precision) override {
    return made(random_name(config, seed), actor, precision, [&] {
      return random_cuda_model(config, Dtype::bf16, own(precision), seed, {.stream = stream_});
    });
  }
  std::unique_ptr<LanguageModel> early_exit(LanguageModel&, int) override { refuse("early_exit"); }
  std::unique_ptr<DraftHeads> heads(HeadKind kind, const std::filesystem::path&, LanguageModel&) override {
    refuse(kind == HeadKind::medusa ? "medusa" : "hydra");
  }
  LoadedFeatures features(const std::filesystem::path&, LanguageModel&) override { refuse("eagle"); }
  std::unique_ptr<Distributions> distributions() override { return std::make_unique<HostDistributions>(); }
  std::unique_ptr<Clock> clock() override { return std::make_unique<CudaClock>(*stream_); }
  void describe(Provenance& provenance) const override { provenance.device = name_; }

 private:
  using Key = std::pair<std::string, std::pair<Actor, Precision>>;

  static CudaPrecision own(Precision precision) {
    return precision == Precision::int8 ? CudaPrecision::int8 : CudaPrecision::as_stored;
  }
  [[noreturn]] static void refuse(const std::string& drafter) {
    throw ConfigError("drafter.kind = '" + drafter +
                      "' runs on the processor only; set target.device = 'cpu'");
  }
  template <class Make>
  LoadedModel made(const std::string& name, Actor actor, Precision precision, const Make& make) {
    std::unique_ptr<HostRows>& slot = models_[{name, {actor, precision}}];
    if (slot == nullptr) slot = std::make_unique<HostRows>(make());
    return {*slot, slot->inner().config()};
  }

  std::string name_;
  std::shared_ptr<Stream> stream_;
  std::map<Key, std::unique_ptr<HostRows>> models_;
};

}  // namespace

std::unique_ptr<Backend> make_cuda_backend(int device) { return std::make_unique<CudaBackend>(device); }

}  // namespace speclab
