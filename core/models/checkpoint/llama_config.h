#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/models/checkpoint/eagle_keys.h"
#include "core/token_tree.h"

namespace speclab {

// How positions become angles. Frequencies are theta^(-2i / head size), then scaled.
struct RopeConfig {
  enum class Scaling { none, linear, llama3 };
  double theta = 10000;
  Scaling scaling = Scaling::none;
  double factor = 1;                                 // linear, llama3
  double low_freq_factor = 1, high_freq_factor = 4;  // llama3
  double original_max_positions = 8192;              // llama3

  bool operator==(const RopeConfig&) const = default;
};

// The shape of a decoder-only transformer of the Llama family: RMSNorm, rotary positions,
// grouped-query attention, SwiGLU.
struct LlamaConfig {
  std::string architecture = "LlamaForCausalLM";
  int hidden = 0;
  int intermediate = 0;
  int layers = 0;
  int heads = 0;
  int kv_heads = 0;
  int head_dim = 0;
  int vocab = 0;
  int max_positions = 0;
  double rms_epsilon = 1e-6;
  RopeConfig rope;
  bool tied = false;           // the embedding is the output head
  bool qkv_bias = false;       // Qwen2, and others' `attention_bias`
  bool output_bias = false;    // of attention's output: `attention_bias` of Llama and Qwen3
  bool mlp_bias = false;       // of the feed-forward part's three products
  bool qk_norm = false;        // Qwen3: RMSNorm of each head's query and key
  int sliding_window = 0;      // a query sees this many positions, its own included; 0: all
  std::vector<bool> windowed;  // by layer: whether sliding_window is its; empty: of all layers
  std::vector<Token> end_tokens;
  std::vector<std::string> remarks;  // on how the files were taken, a sentence each

  // Whether some layers have a window and others have none.
  bool mixes_windows() const { return sliding_window > 0 && !windowed.empty(); }
  // That of a layer; 0: none.
  int window_of(int layer) const { return windowed.empty() || windowed[layer] ? sliding_window : 0; }
  // Of the layers that see most.
  int widest_window() const { return mixes_windows() ? 0 : sliding_window; }
};

// Reads config.json, and generation_config.json where there is one (only for end tokens). Every key in them
// is read, refused, without effect, or named in the remarks (llama_keys.h). ConfigError names the file, the
// key and what would be right.
LlamaConfig read_llama_config(const std::filesystem::path& directory);

// The same for an EAGLE head, which is a decoder layer of this family (eagle_keys.h): `qkv_bias` where the
// file has that, or `attention_bias`.
LlamaConfig read_eagle_config(const std::filesystem::path& directory, EagleKind kind);

}  // namespace speclab
