// What a pass of a real model costs: T(n) / T(1) over the tokens of a tree, contexts, batches, and plain
// decoding from the host's view; beside each the analytic clock's price for the same work.
//   bench_cuda_model [MODEL...] [--benchmark_filter=...]
// MODEL is a shape of the catalogue, with random weights (NAME:int8 stores them in 8 bits; with NAME:fastest
// products of many rows go through cuBLAS from where that is faster; with NAME:serial no kernel begins before
// the one before it has ended), or a folder in
// Hugging Face layout, which decodes the text that gpu_compare.py gives it.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "core/cost/catalogue.h"
#include "core/cost/weight_format.h"
#include "core/errors.h"
#include "core/models/checkpoint/llama_shape.h"
#include "core/numerics/quantile.h"
#include "experiments/bench/cuda/bench_program.h"
#include "experiments/bench/cuda/model_subject.h"
#include "experiments/config/files.h"

namespace {

using namespace speclab;

constexpr int kContext = 512, kLongest = 32768;
constexpr int kDecoded = 128, kShown = 64;  // tokens

struct Source {
  std::string name;
  std::function<std::unique_ptr<CudaTransformer>(std::shared_ptr<Stream>)> make;
  std::optional<Roofline> prices;
};

// One model is on the device at a time.
class Bench {
 public:
  DeviceTiming& timing() { return timing_; }
  ModelSubject& subject(const Source& source) {
    if (name_ != source.name) {
      subject_.reset();
      subject_ = std::make_unique<ModelSubject>(timing_, source.make);
      name_ = source.name;
    }
    return *subject_;
  }

 private:
  DeviceTiming timing_{0};
  std::string name_;
  std::unique_ptr<ModelSubject> subject_;
};

// One pass; where it has nodes, in turns with one that has none.
void measure_pass(benchmark::State& state, Bench& bench, const Source& source, int sequences, int context,
                  int nodes) {
  ModelSubject& subject = bench.subject(source);
  subject.prepare(sequences, context);
  for (int warm_up = 0; warm_up < 3; ++warm_up) {  // a size's graph is captured when it comes again
    subject.pass(0);
    subject.pass(nodes);
  }
  std::vector<double> seconds, ratios, host;
  ModelSubject::Pass plain = subject.pass(0), pass = plain;
  for (auto _ : state) {
    if (nodes > 0) plain = subject.pass(0);
    pass = subject.pass(nodes);
    seconds.push_back(pass.device_seconds);
    ratios.push_back(pass.device_seconds / plain.device_seconds);
    host.push_back(pass.host_seconds);
    state.SetIterationTime(pass.device_seconds);
  }
  const double typical = quantile(seconds, 0.5);
  state.counters["us"] = 1e6 * typical;
  state.counters["spread_%"] = 100 * (std::ranges::max(seconds) - std::ranges::min(seconds)) / typical;
  state.counters["host_us"] = 1e6 * quantile(host, 0.5);
  state.counters["%_of_copy"] = 100 * pass.bytes / typical / bench.timing().copy_bytes_per_second();
  if (nodes > 0) state.counters["of_one"] = quantile(ratios, 0.5);
  if (source.prices) {
    state.counters["priced_us"] = 1e6 * source.prices->price(pass.work);
    if (nodes > 0)
      state.counters["priced_of_one"] = source.prices->price(pass.work) / source.prices->price(plain.work);
  }
  if (const int from = subject.model().cublas_from(); from != ModelProducts::kNever)
    state.counters["cublas_from"] = from;
  state.counters["clock_MHz"] = 1e-6 * bench.timing().clock_hertz();
}

// Plain decoding, in turns with its passes alone, at the middle of its contexts.
void measure_decoding(benchmark::State& state, Bench& bench, const Source& source) {
  ModelSubject& subject = bench.subject(source);
  subject.prepare(1, kContext);
  subject.decode(kDecoded);  // captures what it needs
  std::vector<double> steps, passes;
  ModelSubject::Decoded decoded;
  for (auto _ : state) {
    subject.prepare(1, kContext + kDecoded / 2);
    passes.push_back(subject.pass(0).device_seconds);
    passes.push_back(subject.pass(0).device_seconds);
    subject.prepare(1, kContext);
    decoded = subject.decode(kDecoded);
    steps.push_back(decoded.seconds_per_step);
    state.SetIterationTime(decoded.seconds_per_step);
  }
  const double step = quantile(steps, 0.5), pass = quantile(passes, 0.5);
  state.counters["us"] = 1e6 * step;
  state.counters["tokens/s"] = 1 / step;
  state.counters["pass_us"] = 1e6 * pass;
  state.counters["host_and_gaps_%"] = 100 * (step - pass) / step;
  std::string shown;
  for (int i = 0; i < kShown; ++i) shown += fmt::format("{} ", decoded.tokens[i]);
  state.SetLabel(shown);
}

void add_cases(Bench& bench, const Source& source, bool decoding_alone) {
  add_case(
      fmt::format("decode/{}", source.name), [&](auto& state) { measure_decoding(state, bench, source); }, 3);
  if (decoding_alone) return;
  const auto add = [&](const std::string& name, int sequences, int context, int nodes) {
    add_case(fmt::format("pass/{}/{}", source.name, name),
             [&bench, &source, sequences, context, nodes](auto& state) {
               measure_pass(state, bench, source, sequences, context, nodes);
             });
  };
  for (const int tokens : {1, 2, 4, 8, 16, 24, 32, 48, 64, 96, 128, 256, 512}) {
    add(fmt::format("tokens:{}", tokens), 1, kContext, tokens - 1);
  }
  for (const int context : {2048, 8192, kLongest}) add(fmt::format("context:{}", context), 1, context, 0);
  for (const int batch : {2, 4, 8, 16, 32, 64}) {
    add(fmt::format("batch:{}", batch), batch, kContext, 0);
    add(fmt::format("batch:{}/nodes:4", batch), batch, kContext, 4);
  }
}

// What the catalogue knows about the device at hand; nothing where it is not in it.
std::optional<Device> catalogued_device(std::string name) {
  constexpr std::string_view kVendor = "NVIDIA ";
  if (name.starts_with(kVendor)) name.erase(0, kVendor.size());
  try {
    return find_device(project_configs("devices"), name);
  } catch (const ConfigError&) {
    return std::nullopt;
  }
}

Source source_of(const std::string& argument, const std::optional<Device>& device) {
  if (std::filesystem::is_directory(argument)) {
    return {std::filesystem::path(argument).filename(),
            [argument](std::shared_ptr<Stream> stream) {
              stream->forbid_early_starts(false);
              return load_cuda_model(argument, CudaPrecision::as_stored, {.stream = std::move(stream)});
            },
            std::nullopt};
  }
  const std::size_t colon = argument.find(':');
  const std::string name = argument.substr(0, colon);
  const std::string how = colon == std::string::npos ? "" : argument.substr(colon + 1);
  const bool int8 = how == "int8", fastest = how == "fastest", serial = how == "serial";
  if (colon != std::string::npos && !int8 && !fastest && !serial)
    throw ConfigError(argument + ": after the colon stands int8, fastest or serial");
  ModelShape shape =
      std::filesystem::is_regular_file(name) ? load_shape(name) : find_shape(project_configs("shapes"), name);
  const LlamaConfig config = llama_config_of(shape, kLongest + 4 * kContext);
  if (int8) shape = stored_as(shape, "int8-head8");
  return {slug(shape.name) + (how.empty() ? "" : "-" + how),
          [config, int8, fastest, serial](std::shared_ptr<Stream> stream) {
            stream->forbid_early_starts(serial);
            return random_cuda_model(
                config, Dtype::bf16, int8 ? CudaPrecision::int8 : CudaPrecision::as_stored, 1,
                {.stream = std::move(stream),
                 .cache_positions = kLongest + 8 * kContext,
                 .cublas_from = fastest ? CudaOptions::kMeasured : ModelProducts::kNever});
          },
          device ? std::optional<Roofline>(Roofline(*device, shape)) : std::nullopt};
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<Source> sources;
  std::unique_ptr<Bench> bench;
  return run_benchmarks(argc, argv, [&](const std::string& device_name, std::vector<std::string> models) {
    if (models.empty())
      models = {"llama-68m",          "llama-3.2-1b",    "llama-2-7b",
                "llama-2-7b:fastest", "llama-2-7b:int8", "llama-3.1-8b"};
    const std::optional<Device> device = catalogued_device(device_name);
    bench = std::make_unique<Bench>();
    add_context(bench->timing());
    benchmark::AddCustomContext("priced_as", device ? device->name : "");
    for (const std::string& model : models) sources.push_back(source_of(model, device));
    for (std::size_t i = 0; i < models.size(); ++i) {
      add_cases(*bench, sources[i], std::filesystem::is_directory(models[i]));
    }
  });
}
