#include "core/models/checkpoint/safetensors.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>

#include "core/errors.h"
#include "core/models/checkpoint/checkpoint.h"
#include "core/models/checkpoint/float16.h"
#include "kernels/llama/llama_weights.h"
#include "tests/support/tiny_checkpoint.h"

namespace speclab {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

TEST(Float16Test, EveryPatternIsConvertedExactly) {
  for (int bits = 0; bits < 0x10000; ++bits) {
    const int exponent = (bits >> 10) & 31, fraction = bits & 1023;
    const double sign = bits & 0x8000 ? -1 : 1;
    const float value = float_of_f16(static_cast<std::uint16_t>(bits));
    if (exponent == 31) {
      EXPECT_EQ(std::isnan(value), fraction != 0);
      EXPECT_EQ(std::isinf(value), fraction == 0);
    } else {
      const double truth =
          exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
      ASSERT_EQ(value, sign * truth) << bits;
    }
  }
}

class CheckpointTest : public testing::Test {
 protected:
  CheckpointTest() { write(); }

  void write() {
    write_config(path_, config_);
    write_safetensors(weights_, tensors_);
  }
  StoredTensor& tensor(const std::string& name) {
    for (StoredTensor& stored : tensors_) {
      if (stored.name == name) return stored;
    }
    throw std::out_of_range(name);
  }
  void change_config(const std::function<void(Json&)>& change) {
    Json json = Json::parse(std::ifstream(path_ / "config.json"));
    change(json);
    std::ofstream(path_ / "config.json") << json;
  }
  // The whole message of the ConfigError that loading ends with, without the directory.
  std::string refusal() {
    try {
      load_weights(path_);
    } catch (const ConfigError& error) {
      std::string text = error.what();
      EXPECT_TRUE(text.starts_with(path_.string())) << text;
      for (std::size_t at; (at = text.find(path_.string() + "/")) != std::string::npos;) {
        text.erase(at, path_.string().size() + 1);
      }
      return text;
    }
    return "nothing was refused";
  }
  std::string refused_config(const std::function<void(Json&)>& change) {
    write();
    change_config(change);
    return refusal();
  }
  void overwrite(std::size_t at, const void* bytes, std::size_t size) {
    std::fstream file(weights_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(at));
    file.write(static_cast<const char*>(bytes), static_cast<std::streamsize>(size));
  }

  TemporaryDirectory directory_;
  fs::path path_ = directory_.path(), weights_ = path_ / "model.safetensors";
  LlamaConfig config_ = tiny_config("LlamaForCausalLM");
  std::vector<StoredTensor> tensors_ = random_tensors(config_, Dtype::bf16, 1);
};

TEST_F(CheckpointTest, APointerOfGitLfsIsToldWhatItIs) {
  std::ofstream(weights_) << "version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 134\n";
  EXPECT_NE(refusal().find("is a Git LFS pointer"), std::string::npos);
}

TEST_F(CheckpointTest, IsReadAsWritten) {
  const Checkpoint checkpoint(path_);
  for (const StoredTensor& stored : tensors_) {
    EXPECT_EQ(checkpoint.tensor(stored.name, stored.shape).floats(), stored.view().floats()) << stored.name;
  }
  EXPECT_EQ(checkpoint.config().hidden, config_.hidden);
  EXPECT_EQ(checkpoint.config().end_tokens, config_.end_tokens);
  EXPECT_EQ(refusal(), "nothing was refused");
}

TEST_F(CheckpointTest, ShardsAreFoundByTheIndex) {
  fs::remove(weights_);
  const std::vector<StoredTensor> low(tensors_.begin(), tensors_.begin() + 6),
      high(tensors_.begin() + 6, tensors_.end());
  write_safetensors(path_ / "a.safetensors", low);
  write_safetensors(path_ / "b.safetensors", high);
  Json map;
  for (const StoredTensor& stored : low) map[stored.name] = "a.safetensors";
  for (const StoredTensor& stored : high) map[stored.name] = "b.safetensors";
  const auto index = [&] {
    std::ofstream(path_ / "model.safetensors.index.json") << Json{{"weight_map", map}};
  };
  index();
  EXPECT_EQ(refusal(), "nothing was refused");
  map.erase("model.norm.weight");
  index();
  EXPECT_EQ(refusal(),
            "model.safetensors.index.json: has no tensor 'model.norm.weight', which LlamaForCausalLM of this "
            "config needs, of shape (44)");
  map["model.norm.weight"] = "c.safetensors";
  index();
  EXPECT_EQ(
      refusal(),
      "c.safetensors: is missing; model.safetensors.index.json names it for tensor 'model.norm.weight'");
  map["model.norm.weight"] = "a.safetensors";
  index();
  EXPECT_EQ(refusal(),
            "a.safetensors: has no tensor 'model.norm.weight', which LlamaForCausalLM of this config needs, "
            "of shape (44)");
  map["model.norm.weight"] = 3;
  index();
  EXPECT_EQ(refusal(),
            "model.safetensors.index.json: 'weight_map' names no file for tensor 'model.norm.weight'");
  std::ofstream(path_ / "model.safetensors.index.json") << "{}";
  EXPECT_EQ(refusal(), "model.safetensors.index.json: has no 'weight_map' object");
}

TEST_F(CheckpointTest, MissingFilesAreNamed) {
  fs::remove(weights_);
  EXPECT_EQ(refusal(), path_.string() + ": has neither model.safetensors nor model.safetensors.index.json");
  fs::remove(path_ / "config.json");
  EXPECT_EQ(refusal(), "config.json: there is no such file");
  try {
    load_weights(path_ / "nowhere");
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_EQ(std::string(error.what()),
              (path_ / "nowhere").string() +
                  ": is not a directory; a model is a directory with config.json and model.safetensors");
  }
}

TEST_F(CheckpointTest, DamagedFilesAreNamed) {
  const std::size_t size = fs::file_size(weights_);
  fs::resize_file(weights_, size - 10);
  EXPECT_NE(refusal().find("model.safetensors: tensor 'lm_head.weight' lies at bytes"), std::string::npos)
      << refusal();
  EXPECT_NE(refusal().find("(is the file truncated?)"), std::string::npos);
  fs::resize_file(weights_, 100);
  EXPECT_NE(refusal().find("bytes, but the file has 100 (truncated, or not safetensors)"), std::string::npos)
      << refusal();
  fs::resize_file(weights_, 5);
  EXPECT_EQ(refusal(),
            "model.safetensors: has 5 bytes, too few for a safetensors file (is the download complete?)");
  fs::resize_file(weights_, 0);
  EXPECT_EQ(refusal(), "model.safetensors: is empty");
  write();
  overwrite(8, "no json", 7);
  EXPECT_EQ(
      refusal(),
      "model.safetensors: its header (damaged, or not safetensors): is not JSON: parse error at line 1, "
      "column 2: syntax error while parsing value - invalid literal; last read: 'no'");
  write();
  const std::uint64_t huge = ~std::uint64_t{0};
  overwrite(0, &huge, 8);
  EXPECT_NE(refusal().find("says that its header has 18446744073709551615 bytes"), std::string::npos)
      << refusal();
}

TEST_F(CheckpointTest, HeadersThatContradictThemselvesAreNamed) {
  const auto with_entry = [&](const char* entry) {
    const std::string text = std::string(R"({"x":)") + entry + "}";
    const std::uint64_t length = text.size();
    std::ofstream out(weights_, std::ios::binary);
    out.write(reinterpret_cast<const char*>(&length), 8);
    out << text << "12345678";
    out.close();
    return refusal();
  };
  const std::string improper =
      "model.safetensors: tensor 'x' has no proper dtype, shape and data_offsets in the header";
  EXPECT_EQ(with_entry("3"), improper);
  EXPECT_EQ(with_entry(R"({"dtype":"F32","shape":[-1],"data_offsets":[0,4]})"), improper);
  EXPECT_EQ(with_entry(R"({"dtype":"F32","shape":[1],"data_offsets":[0]})"), improper);
  EXPECT_EQ(with_entry(R"({"dtype":"F32","shape":[2],"data_offsets":[0,4]})"),
            "model.safetensors: tensor 'x' has shape (2) of F32, which takes 8 bytes, but 4 are stored");
  EXPECT_EQ(with_entry(R"({"dtype":"F32","shape":[2],"data_offsets":[4,12]})"),
            "model.safetensors: tensor 'x' lies at bytes 4 to 12 of the data, which has 8 (is the file "
            "truncated?)");
  EXPECT_EQ(with_entry(R"({"dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,4]})"), improper);
  const auto uncountable = [](const char* shape, const char* dtype) {
    return fmt::format("model.safetensors: tensor 'x' has shape {} of {}, more bytes than can be counted",
                       shape, dtype);
  };
  EXPECT_EQ(with_entry(R"({"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]})"),
            uncountable("(4294967296, 4294967296)", "F32"));
  // Counted in 64 bits without a sign they would be no bytes, then none of a type that nobody knows.
  EXPECT_EQ(with_entry(R"({"dtype":"BOOL","shape":[9223372036854775807,2,0],"data_offsets":[0,0]})"),
            uncountable("(9223372036854775807, 2, 0)", "BOOL"));
  EXPECT_EQ(with_entry(R"({"dtype":"F4","shape":[4294967296,4294967296],"data_offsets":[0,8]})"),
            uncountable("(4294967296, 4294967296)", "F4"));
}

TEST_F(CheckpointTest, NumbersOfATypeThatIsNotKnownTakeNoMemory) {
  const std::string text = R"({"x":{"dtype":"F4","shape":[4294967296,1073741824],"data_offsets":[0,0]}})";
  const std::uint64_t length = text.size();
  std::ofstream out(weights_, std::ios::binary);
  out.write(reinterpret_cast<const char*>(&length), 8);
  out << text;
  out.close();
  EXPECT_THROW(Safetensors(weights_).integers("x"), ConfigError);
}

// The format: "the byte buffer needs to be entirely indexed, and cannot contain holes".
TEST_F(CheckpointTest, TensorsThatOverlapOrLeaveHolesAreNamed) {
  const auto with = [&](const std::string& entries) {
    const std::string text = "{" + entries + "}";
    const std::uint64_t length = text.size();
    std::ofstream out(weights_, std::ios::binary);
    out.write(reinterpret_cast<const char*>(&length), 8);
    out << text << "123456789012";
    out.close();
    try {
      const Safetensors file(weights_);
    } catch (const ConfigError& error) {
      return std::string(error.what()).substr(weights_.string().size() + 2);
    }
    return std::string("nothing was refused");
  };
  const auto entry = [](const std::string& name, int elements, int begin) {
    return Json(name).dump() + ":" +
           Json{{"dtype", "F32"}, {"shape", {elements}}, {"data_offsets", {begin, begin + 4 * elements}}}
               .dump();
  };
  EXPECT_EQ(with(entry("b", 1, 0) + "," + entry("a", 2, 4)), "nothing was refused");
  EXPECT_EQ(with(entry("b", 1, 0) + "," + entry("a", 2, 4) + "," + entry("none", 0, 4)),
            "nothing was refused");
  EXPECT_EQ(
      with(entry("a", 2, 0) + "," + entry("b", 2, 4)),
      "tensors 'a' and 'b' overlap: the latter begins at byte 4 of the data, before the former ends, at "
      "8");
  EXPECT_EQ(
      with(entry("a", 3, 0) + "," + entry("b", 3, 0)),
      "tensors 'a' and 'b' overlap: the latter begins at byte 0 of the data, before the former ends, at "
      "12");
  EXPECT_EQ(with(entry("a", 1, 0) + "," + entry("b", 1, 8)),
            "bytes 4 to 8 of the data, before tensor 'b', belong to no tensor (damaged?)");
  EXPECT_EQ(with(entry("b", 2, 4)),
            "bytes 0 to 4 of the data, before tensor 'b', belong to no tensor (damaged?)");
  EXPECT_EQ(with(entry("a", 1, 0)), "the last 8 of 12 bytes of the data belong to no tensor (damaged?)");
}

TEST_F(CheckpointTest, OfTwoLayoutsTheOneFileIsReadAndANoteSaysSo) {
  EXPECT_EQ(Checkpoint(path_).config().remarks, std::vector<std::string>());
  std::ofstream(path_ / "model.safetensors.index.json") << "{}";
  EXPECT_EQ(refusal(), "nothing was refused");
  const std::vector<std::string> remarks = Checkpoint(path_).config().remarks;
  ASSERT_EQ(remarks.size(), 1u);
  EXPECT_NE(
      remarks[0].find("has both model.safetensors and model.safetensors.index.json; read is the former"),
      std::string::npos)
      << remarks[0];
}

TEST_F(CheckpointTest, EndTokensBeyondTheVocabularyAreLeftOutAndNamed) {
  change_config([](Json& json) { json["eos_token_id"] = {66, 67, 9}; });
  std::ofstream(path_ / "generation_config.json") << R"({"eos_token_id": 1000})";
  const LlamaConfig config = read_llama_config(path_);
  EXPECT_EQ(config.end_tokens, (std::vector<Token>{66, 9}));
  ASSERT_EQ(config.remarks.size(), 1u);
  EXPECT_EQ(config.remarks[0],
            path_.string() + ": 'eos_token_id' 67, 1000 is beyond 'vocab_size', 67: no text ends with it");
}

TEST_F(CheckpointTest, WrongTensorsAreNamed) {
  tensor("model.layers.1.mlp.up_proj.weight").shape = {44, 75};
  write();
  EXPECT_EQ(refusal(),
            "model.safetensors: tensor 'model.layers.1.mlp.up_proj.weight' has shape (44, 75); config.json "
            "asks for (75, 44)");
  tensor("model.layers.1.mlp.up_proj.weight").shape = {75, 44};

  StoredTensor& down = tensor("model.layers.0.mlp.down_proj.weight");
  const std::uint16_t nan = 0x7FC1, infinity = 0xFF80;
  std::memcpy(down.bytes.data() + 2 * 77, &nan, 2);
  write();
  EXPECT_EQ(refusal(),
            "model.safetensors: tensor 'model.layers.0.mlp.down_proj.weight' holds nan at index 77; all "
            "weights must be finite");
  std::memcpy(down.bytes.data() + 2 * 77, &infinity, 2);
  write();
  EXPECT_NE(refusal().find("holds -inf at index 77"), std::string::npos) << refusal();
  std::memset(down.bytes.data() + 2 * 77, 0, 2);

  down.dtype = Dtype::f16;
  write();
  EXPECT_EQ(refusal(), path_.string() +
                           ": tensor 'model.layers.0.mlp.down_proj.weight' is stored as F16, but "
                           "'model.embed_tokens.weight' as BF16; all matrices of a model must have one type");
  down.dtype = Dtype::bf16;

  tensors_.pop_back();
  write();
  EXPECT_EQ(refusal(),
            "model.safetensors: has no tensor 'lm_head.weight', which LlamaForCausalLM of this config needs, "
            "of shape (67, 44) (unless tie_word_embeddings is true)");
  change_config([](Json& json) { json["tie_word_embeddings"] = true; });
  EXPECT_EQ(refusal(), "nothing was refused");
}

TEST_F(CheckpointTest, TypesThatCannotBeReadAreNamed) {
  Json header = {{"model.embed_tokens.weight", {{"dtype", "I64"}, {"shape", {1}}, {"data_offsets", {0, 8}}}}};
  const std::string text = header.dump();
  const std::uint64_t length = text.size();
  std::ofstream out(weights_, std::ios::binary);
  out.write(reinterpret_cast<const char*>(&length), 8);
  out << text << "12345678";
  out.close();
  EXPECT_EQ(refusal(),
            "model.safetensors: tensor 'model.embed_tokens.weight' is stored as I64; F32, F16 and BF16 can "
            "be read");
}

TEST_F(CheckpointTest, ConfigsThatCannotBeRunAreNamed) {
  EXPECT_EQ(
      refused_config([](Json& json) { json["architectures"] = {"GPT2LMHeadModel"}; }),
      "config.json: architecture 'GPT2LMHeadModel' cannot be run; LlamaForCausalLM, MistralForCausalLM, "
      "Qwen2ForCausalLM and Qwen3ForCausalLM can");
  EXPECT_EQ(refused_config([](Json& json) { json.erase("architectures"); }),
            "config.json: has no single 'architectures' entry; LlamaForCausalLM, MistralForCausalLM, "
            "Qwen2ForCausalLM and "
            "Qwen3ForCausalLM can be run");
  EXPECT_EQ(refused_config([](Json& json) { json.erase("hidden_size"); }),
            "config.json: has no 'hidden_size'");
  EXPECT_EQ(refused_config([](Json& json) { json["vocab_size"] = -3; }),
            "config.json: 'vocab_size' is -3; it must be a whole number, 1 or more");
  EXPECT_EQ(refused_config([](Json& json) { json["rms_norm_eps"] = "small"; }),
            "config.json: 'rms_norm_eps' is \"small\"; it must be a number above 0");
  EXPECT_EQ(refused_config([](Json& json) { json["num_key_value_heads"] = 3; }),
            "config.json: 'num_attention_heads' is 4; it must be a multiple of 'num_key_value_heads', 3");
  EXPECT_EQ(refused_config([](Json& json) { json["head_dim"] = 7; }),
            "config.json: 'head_dim' is 7; it must be even");
  EXPECT_EQ(refused_config([](Json& json) { json["hidden_act"] = "gelu"; }),
            "config.json: 'hidden_act' is 'gelu'; only silu can be run");
  EXPECT_EQ(refused_config([](Json& json) {
              json["architectures"] = {"Qwen3ForCausalLM"};
              json["mlp_bias"] = true;
            }),
            "config.json: 'mlp_bias' is true, but only LlamaForCausalLM has such biases, and this is "
            "Qwen3ForCausalLM");
  EXPECT_EQ(refused_config([](Json& json) {
              json["rope_scaling"] = {{"rope_type", "yarn"}, {"factor", 2}};
            }),
            "config.json: 'rope_scaling': rope type 'yarn' can be run only at 'factor' 1, where it changes "
            "nothing; default, linear and llama3 can at any");
  EXPECT_EQ(refused_config([](Json& json) {
              json["rope_scaling"] = {{"rope_type", "llama3"}, {"factor", 2}};
            }),
            "config.json: 'rope_scaling': has no 'low_freq_factor'");
  EXPECT_EQ(refused_config([](Json& json) { json["eos_token_id"] = "end"; }),
            "config.json: 'eos_token_id' is \"end\"; it must be a token number or a list of them");
  std::ofstream(path_ / "config.json") << "[]";
  EXPECT_EQ(refusal(), "config.json: is not a JSON object");
}

TEST_F(CheckpointTest, NewerConfigsAndEndTokensAreUnderstood) {
  change_config([](Json& json) {
    json.erase("rope_theta");
    json["rope_parameters"] = {{"rope_type", "linear"}, {"factor", 4}, {"rope_theta", 5e5}};
    json["eos_token_id"] = 9;
  });
  std::ofstream(path_ / "generation_config.json") << R"({"eos_token_id": [9, 11]})";
  const LlamaConfig config = read_llama_config(path_);
  EXPECT_EQ(config.rope.theta, 5e5);
  EXPECT_EQ(config.rope.scaling, RopeConfig::Scaling::linear);
  EXPECT_EQ(config.rope.factor, 4);
  EXPECT_EQ(config.end_tokens, (std::vector<Token>{9, 11}));
}

}  // namespace
}  // namespace speclab
