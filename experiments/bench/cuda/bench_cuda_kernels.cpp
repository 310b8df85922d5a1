// Every kernel at the shapes of real models, against the bandwidth of a copy: what it must move
// (kernel_demand.h) over its time, on operands that no cache holds. product_against_cublas tells above how
// many rows products should go to cuBLAS.
//   bench_cuda_kernels [SHAPE...] [--benchmark_filter=...]    names of the catalogue, or files like its own
#include <algorithm>
#include <filesystem>
#include <memory>

#include "core/cost/catalogue.h"
#include "experiments/bench/cuda/bench_program.h"
#include "experiments/bench/cuda/kernel_cases.h"
#include "experiments/config/files.h"

int main(int argc, char** argv) {
  using namespace speclab;
  std::vector<ModelShape> shapes;
  std::unique_ptr<DeviceTiming> timing;
  return run_benchmarks(argc, argv, [&](const std::string&, std::vector<std::string> names) {
    if (names.empty()) names = {"llama-2-7b", "llama-3.1-8b"};
    std::size_t operands = 0;
    for (const std::string& name : names) {
      shapes.push_back(std::filesystem::is_regular_file(name) ? load_shape(name)
                                                              : find_shape(project_configs("shapes"), name));
      operands = std::max(operands, largest_operands(shapes.back()));
    }
    timing = std::make_unique<DeviceTiming>(operands);
    add_context(*timing);
    for (const ModelShape& shape : shapes) {
      add_product_cases(*timing, shape);
      add_attention_cases(*timing, shape);
      add_row_cases(*timing, shape);
      add_rule_cases(*timing, shape);
    }
  });
}
