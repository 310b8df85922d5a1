#include "core/cost/catalogue.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "core/cost/demand.h"
#include "core/cost/weight_format.h"
#include "core/errors.h"
#include "tests/support/project_files.h"

namespace speclab {
namespace {

namespace fs = std::filesystem;

const fs::path kDevices = project_files() / "configs/devices";
const fs::path kShapes = project_files() / "configs/shapes";

std::string contents(const fs::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

// A folder of its own with one file: an existing one in which `from` became `to`.
class Edited {
 public:
  Edited(const fs::path& original, const std::string& from, const std::string& to)
      : folder_(fs::temp_directory_path() /
                fs::path(std::string("speclab_") +
                         ::testing::UnitTest::GetInstance()->current_test_info()->name())) {
    fs::create_directories(folder_);
    std::string text = contents(original);
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
    std::ofstream(file()) << text;
  }
  ~Edited() { fs::remove_all(folder_); }
  fs::path file() const { return folder_ / "edited.toml"; }

 private:
  fs::path folder_;
};

template <typename Load>
std::string complaint(Load load) {
  try {
    load();
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

std::string device_complaint(const std::string& from, const std::string& to) {
  const Edited edited(kDevices / "h100-sxm.toml", from, to);
  return complaint([&] { load_device(edited.file()); });
}

std::string shape_complaint(const std::string& from, const std::string& to) {
  const Edited edited(kShapes / "mixtral-8x7b.toml", from, to);
  return complaint([&] { load_shape(edited.file()); });
}

void expect_in(const std::string& text, std::initializer_list<const char*> parts) {
  for (const char* part : parts) EXPECT_NE(text.find(part), std::string::npos) << part << " not in: " << text;
}

TEST(Catalogue, DevicesArePhysicallySane) {
  const std::vector<Device> devices = all_devices(kDevices);
  EXPECT_GE(devices.size(), 20u);
  for (const Device& device : devices) {
    SCOPED_TRACE(device.name);
    EXPECT_GE(device.memory_gb, 8);
    EXPECT_LE(device.memory_gb, 1024);
    EXPECT_GE(device.bytes_per_second, 5e10);
    EXPECT_LE(device.bytes_per_second, 1e13);
    // Seconds to read all of the memory once: 20 ms (HBM) to 3 s (server DRAM).
    const double sweep = device.memory_gb * 1e9 / device.bytes_per_second;
    EXPECT_GE(sweep, 0.01);
    EXPECT_LE(sweep, 3);
    const double per_byte = device.fp16_flops_per_second / device.bytes_per_second;
    EXPECT_GE(per_byte, 5);
    EXPECT_LE(per_byte, 500);
    for (const double narrow : {device.fp8_flops_per_second, device.int8_flops_per_second}) {
      if (narrow == 0) continue;
      EXPECT_GE(narrow, device.fp16_flops_per_second);
      EXPECT_LE(narrow, 4.01 * device.fp16_flops_per_second);
    }
    EXPECT_LE(device.link_bytes_per_second, device.bytes_per_second);
    const Efficiency& efficiency = device.efficiency;
    EXPECT_GE(efficiency.weights_bandwidth, 0.4);
    EXPECT_GE(efficiency.compute, 0.4);
    EXPECT_LE(efficiency.knee, 4);
    for (const double small : {efficiency.kernel_seconds, efficiency.attention_seconds,
                               efficiency.layer_seconds, efficiency.all_reduce_seconds}) {
      EXPECT_LE(small, 1e-3);
    }
    EXPECT_LE(efficiency.host_seconds_per_step, 5e-3);
    // One token is bound by bandwidth on every device: the small tile may add a third at most.
    const double ratio = efficiency.small_tile / efficiency.compute / per_byte * efficiency.weights_bandwidth;
    EXPECT_LT(ratio, 1);
  }
}

TEST(Catalogue, ShapesHaveTheParametersTheyArePublishedWith) {
  const std::vector<ModelShape> shapes = all_shapes(kShapes);
  EXPECT_GE(shapes.size(), 25u);
  for (const ModelShape& shape : shapes) {
    EXPECT_NEAR(parameters(shape) / shape.parameters, 1, shape.parameters_tolerance) << shape.name;
    EXPECT_LE(shape.parameters_tolerance, 0.021) << shape.name;  // rounding to two digits, and no more
    EXPECT_GT(cache_bytes_per_position(shape), 0) << shape.name;
  }
}

TEST(Catalogue, NamesAreSlugsAndBelongToOneFile) {
  for (const fs::path& folder : {kDevices, kShapes}) {
    std::map<std::string, std::string> owner;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
      if (entry.path().extension() != ".toml") continue;
      const std::string stem = entry.path().stem().string();
      EXPECT_EQ(slug(stem), stem);
      std::vector<std::string> names{stem};
      if (folder == kDevices) {
        const Device device = load_device(entry.path());
        names.insert(names.end(), device.aliases.begin(), device.aliases.end());
        names.push_back(device.name);
      } else {
        const ModelShape shape = load_shape(entry.path());
        names.insert(names.end(), shape.aliases.begin(), shape.aliases.end());
        names.push_back(shape.name);
      }
      for (const std::string& name : names) {
        const auto [at, fresh] = owner.emplace(slug(name), stem);
        EXPECT_EQ(at->second, stem) << name;
      }
    }
  }
}

TEST(Catalogue, FindsByNameAndAlias) {
  EXPECT_EQ(find_shape(kShapes, "Vicuna-7B").name, "Llama-2-7B");
  EXPECT_EQ(find_shape(kShapes, "meta-llama/Llama-3.1-8B").name, "Llama-3.1-8B");
  EXPECT_EQ(find_device(kDevices, "RTX 4090").name, "RTX 4090");
  EXPECT_EQ(find_device(kDevices, "h100").bytes_per_second, 3.35e12);
}

TEST(Catalogue, UnknownNamesComeWithTheNearest) {
  expect_in(complaint([] { find_device(kDevices, "h10"); }), {"configs/devices", "no device 'h10'", "h100"});
  expect_in(complaint([] { find_shape(kShapes, "llama-2-7"); }),
            {"no model shape 'llama-2-7'", "llama-2-7b"});
  expect_in(complaint([] { find_device(kDevices, "a100", "vlm"); }),
            {"no stack 'vlm'", "vllm-0.6.3", "gpt-fast"});
  expect_in(complaint([] { find_device(kDevices, "t4", "vllm"); }),
            {"no stack 'vllm'", "there are: none", "a100-80gb-sxm has gpt-fast", "rtx-4090 has calm"});
  expect_in(complaint([] { find_shape("nowhere", "llama-2-7b"); }), {"nowhere is not a folder"});
}

TEST(Catalogue, StacksReplaceWhatTheyName) {
  const Device own = find_device(kDevices, "a100"), stack = find_device(kDevices, "a100", "gpt-fast");
  EXPECT_EQ(own.stack, "");
  EXPECT_EQ(stack.stack, "gpt-fast");
  EXPECT_EQ(own.efficiency.weights_bandwidth, 0.87);
  EXPECT_EQ(stack.efficiency.weights_bandwidth, 0.81);
  EXPECT_EQ(stack.efficiency.compute, own.efficiency.compute);
  EXPECT_EQ(stacks(kDevices / "rtx-4090.toml"), std::vector<std::string>{"calm"});
}

TEST(Catalogue, EveryDeviceAndStackStatesItsError) {
  for (const fs::directory_entry& entry : fs::directory_iterator(kDevices)) {
    if (entry.path().extension() != ".toml") continue;
    std::set<std::string> stated{load_device(entry.path()).efficiency.error};
    for (const std::string& stack : stacks(entry.path()))
      EXPECT_TRUE(stated.insert(load_device(entry.path(), stack).efficiency.error).second) << entry << stack;
  }
}

TEST(Catalogue, OverridesReplaceAnyKey) {
  const Device own = find_device(kDevices, "a100");
  const Device other = find_device(kDevices, "a100", "gpt-fast",
                                   {{"bytes_per_second", 1e12}, {"layer_seconds", 0}, {"fp8", 5e14}});
  EXPECT_EQ(other.bytes_per_second, 1e12);
  EXPECT_EQ(other.fp8_flops_per_second, 5e14);
  EXPECT_EQ(other.efficiency.layer_seconds, 0);  // over the stack's too
  EXPECT_EQ(other.efficiency.weights_bandwidth, 0.81);
  EXPECT_EQ(other.memory_gb, own.memory_gb);
  EXPECT_EQ(
      find_device(kDevices, "m2-ultra", "", {{"host_link.bytes_per_second", 3e9}}).host_link_bytes_per_second,
      3e9);
  EXPECT_EQ(find_shape(kShapes, "llama-2-7b", {{"layers", 8}, {"window", 64}, {"windowed_layers", 4}}).window,
            64);
  for (const auto& [overrides, words] :
       {std::pair{Overrides{{"host_second", 1}}, "known: name, memory_gb"},
        {Overrides{{"knee", 0}}, "a100-80gb-sxm.toml, with price.device_over"},
        {Overrides{{"knee", 2}, {"efficiency.knee", 3}}, "are both set"},
        {Overrides{{"knee", nlohmann::json::array()}}, "not a number"}}) {
    expect_in(complaint([&, o = overrides] { find_device(kDevices, "a100", "", o); }), {words});
  }
  expect_in(complaint([] {
              find_device(kDevices, "a100", "", {{"host_seconds_per_stepp", 1}});
            }),
            {"did you mean 'host_seconds_per_step'?"});
  expect_in(complaint([] {
              find_shape(kShapes, "llama-2-7b", {{"layers", 8.5}});
            }),
            {"should be an integer"});
}

TEST(Catalogue, DigestsAreOfNumbersAlone) {
  const Device own = find_device(kDevices, "h100");
  const auto edited = [](const std::string& from, const std::string& to) {
    return load_device(Edited(kDevices / "h100-sxm.toml", from, to).file()).digest;
  };
  EXPECT_EQ(edited("name = \"H100 SXM\"", "name = \"Mine\""), own.digest);
  EXPECT_EQ(edited("error = \"3 %", "error = \"4 %"), own.digest);
  EXPECT_NE(edited("memory_gb = 80", "memory_gb = 81"), own.digest);
  EXPECT_NE(find_device(kDevices, "h100", "", {{"knee", 2}}).digest, own.digest);
  EXPECT_NE(find_device(kDevices, "a100", "gpt-fast").digest, find_device(kDevices, "a100").digest);
  EXPECT_NE(find_shape(kShapes, "llama-2-7b").digest, find_shape(kShapes, "llama-2-13b").digest);
}

TEST(Catalogue, AUsersOwnFileNeedsNoSources) {
  const Edited edited(kShapes / "llama-2-7b.toml", "[source]", "[sources]");
  expect_in(complaint([&] { load_shape(edited.file()); }), {"source is missing"});
  expect_in(complaint([&] { load_shape(edited.file(), {}, Sources::optional); }),
            {"sources", "not a setting"});
  const Edited bare(kDevices / "t4.toml", "error =", "# error =");
  EXPECT_EQ(load_device(bare.file(), "", {}, Sources::optional).efficiency.error, "not stated by its file");
}

TEST(Catalogue, DeviceMistakesAreNamed) {
  expect_in(device_complaint("memory_gb", "memory_bg"), {"edited.toml", "memory_gb is missing", "memory_bg"});
  expect_in(device_complaint("vendor =", "vendr = \"\"\nvendor ="), {"vendr", "not a setting", "vendor"});
  expect_in(device_complaint("memory_gb = 80", "memory_gb = \"80\""), {"memory_gb should be a number"});
  expect_in(device_complaint("memory_gb = 80", "memory_gb = 0"), {"memory_gb should be more than 0"});
  expect_in(device_complaint("memory_gb = 80", "memory_gb = -80"), {"memory_gb", "at least 0"});
  expect_in(device_complaint("weights_bandwidth = 0.94", "weights_bandwidth = 1.94"), {"(0, 1]"});
  expect_in(device_complaint("small_tile = 64", "small_tile = 64.5"),
            {"efficiency.small_tile should be an integer"});
  expect_in(device_complaint("knee = 2.6\n", ""), {"efficiency.knee is missing"});
  expect_in(device_complaint("kernel_seconds = 6.1e-6", "kernel_second = 6.1e-6"),
            {"kernel_seconds is missing"});
  expect_in(device_complaint("fp8 =", "fp9 ="), {"flops_per_second.fp9", "fp8"});
  expect_in(device_complaint("bandwidth = \"", "bandwith = \""), {"source.bandwidth is missing"});
  expect_in(device_complaint("[efficiency]", "[efficiency"), {"edited.toml:"});
  expect_in(device_complaint("[efficiency]", "[stack.x]\nerror = \"2 %\"\nknee = 2\n[efficiency]"),
            {"stack.x.source is missing"});
  expect_in(device_complaint("[efficiency]", "[stack.x]\nsource = \"me\"\nknee = 2\n[efficiency]"),
            {"stack.x.error is missing"});
  expect_in(device_complaint("error = \"3 %", "errors = \"3 %"), {"efficiency.error is missing"});
}

TEST(Catalogue, ShapeMistakesAreNamed) {
  expect_in(shape_complaint("layers = 32", "layers = 32.0"), {"layers should be an integer"});
  expect_in(shape_complaint("layers = 32", "layers = 0"), {"layers should be at least 1"});
  expect_in(shape_complaint("layers = 32\n", ""), {"layers is missing"});
  expect_in(shape_complaint("kv_heads = 8", "kv_heads = 7"), {"heads should be a multiple of kv_heads"});
  expect_in(shape_complaint("per_token = 2", "per_token = 9"), {"experts.per_token"});
  expect_in(shape_complaint("per_token = 2", "per_tokn = 2"), {"experts.per_token is missing"});
  expect_in(shape_complaint("feed_forward_matrices = 3", "feed_forward_matrices = 4"), {"3 with a gate"});
  expect_in(shape_complaint("[source]", "[source]\nhearsay = \"x\""), {"source.hearsay", "not a setting"});
  expect_in(shape_complaint("vocab = 32000", "vocab = 32000\ntied_embeddings = 1"), {"true or false"});
  expect_in(shape_complaint("aliases = [", "aliases = [1, "), {"aliases should be an array of strings"});
}

TEST(Catalogue, EveryFormatStoresEveryShape) {
  for (const WeightFormat& format : weight_formats()) {
    const ModelShape stored = stored_as(find_shape(kShapes, "llama-3.1-8b"), format.name);
    EXPECT_GT(stored.weights.feed_forward_bits, 3) << format.name;
    EXPECT_LE(stored.weights.feed_forward_bits, 16) << format.name;
    EXPECT_EQ(weight_format("awq").name, "int4-g128");
    EXPECT_GE(stored.weights.head_bits, stored.weights.feed_forward_bits) << format.name;
  }
}

}  // namespace
}  // namespace speclab
