#pragma once

#include <cstddef>
#include <cstdint>

#include "core/models/checkpoint/dtype.h"

namespace speclab {

// Activations lie in panels: rows of bf16 where the weights are bf16, of f32 otherwise. A panel's
// row is zero beyond its length up to a multiple of this many elements.
inline constexpr int kPanelPad = 32;
constexpr int padded(int length) { return (length + kPanelPad - 1) / kPanelPad * kPanelPad; }
constexpr std::size_t panel_bytes(Dtype weights) { return weights == Dtype::bf16 ? 2 : 4; }

// y(n, j) = sum over k of x(n, k) w(j, k), for j in [begin, end).
struct Matmul {
  Dtype dtype = Dtype::f32;            // of the weights
  const std::byte* weights = nullptr;  // (rows, depth), row-major; any alignment
  int depth = 0;
  int begin = 0, end = 0;        // of the weights' rows
  const void* panel = nullptr;   // (count, panel_stride), 64-byte aligned
  std::size_t panel_stride = 0;  // in elements
  int count = 0;
  float* out = nullptr;  // (count, out_stride): y(n, j) goes to out[n * out_stride + j]
  std::size_t out_stride = 0;
  const float* bias = nullptr;  // (rows); may be null
  bool add = false;             // out += y instead of out = y
};

// Queries of one text: each against the text's keys, then against those of its ancestors and its own.
struct Attention {
  static constexpr int kMax = 4;  // queries at once
  struct Query {
    const float* query = nullptr;  // (width); zero beyond the head's size
    const int* path = nullptr;     // (path_length): slots of positions text, text + 1, ...
    int path_length = 0;
    float* out = nullptr;  // (width)
  };
  Query queries[kMax];
  int count = 0;                  // of queries
  const float* keys = nullptr;    // (slots, width)
  const float* values = nullptr;  // (slots, width)
  int width = 0;                  // head size rounded up to 16
  int text = 0;                   // text positions 0 .. text - 1 lie in the slots of the same number
  int first = 0;                  // positions before it are outside the window
  float scale = 1;
  float* scores = nullptr;        // (count, scores_stride)
  std::size_t scores_stride = 0;  // at least text + path_length rounded up to 16
};

// The arithmetic of a transformer, in one order of summation that every instruction set follows:
//   sums over k run in 16 lanes, element k in lane k % 16 (bf16 weights: the pair k, k + 1 in lane
//   (k / 2) % 16, odd element first, as `vdpbf16ps` does), by fused multiply-add in the order of k;
//   then lane i takes lane i + 8, i + 4, i + 2, i + 1.
// So a row's result depends neither on the instruction set nor on what is computed beside it.
// Sole exception: values below 2^-126, which vdpbf16ps takes as zero.
struct Arithmetic {
  const char* name = "";
  void (*matmul)(const Matmul&) = nullptr;
  void (*attention)(const Attention&) = nullptr;
  // out(i) = x(i) / sqrt(mean of x^2 + epsilon) weight(i), i < length.
  void (*rms_norm)(const float* x, const float* weight, int length, float epsilon, float* out) = nullptr;
  // out(i) = gate(i) / (1 + exp(-gate(i))) up(i).
  void (*swiglu)(const float* gate, const float* up, int length, float* out) = nullptr;
  // Nearest, ties to even; magnitudes below 2^-126 become zero.
  void (*round_to_bf16)(const float* x, int length, std::uint16_t* out) = nullptr;
  bool (*all_finite)(const float* x, int length) = nullptr;
  void (*exp)(const float* x, int length, float* out) = nullptr;  // relative error below 2e-7; 0 below -87
};

enum class InstructionSet : std::uint8_t { portable, avx2, avx512 };

// Whether this processor has it, and this build knows it.
bool available(InstructionSet set);
const Arithmetic& arithmetic(InstructionSet set);  // it must be available

// The widest available, or what the environment variable SPECLAB_CPU names (portable, avx2, avx512).
const Arithmetic& best_arithmetic();

}  // namespace speclab
