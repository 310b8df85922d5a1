#pragma once

#include "kernels/cpu/elementwise_body.h"

// Included once per instruction set, in a file compiled for it: everything here depends on Lanes.
namespace speclab {

template <class Lanes>
typename Lanes::F key_product(const float* query, const float* key, int width) {
  auto sum = Lanes::mul(Lanes::load(query), Lanes::load(key));
  for (int i = 16; i < width; i += 16) sum = Lanes::fma(Lanes::load(query + i), Lanes::load(key + i), sum);
  return sum;
}

// Scores of Count positions of the text, from `position` on.
template <class Lanes, int Count>
void score_keys(const Attention& task, int position) {
  const std::size_t width = static_cast<std::size_t>(task.width);
  const float* keys = task.keys + static_cast<std::size_t>(position) * width;
  typename Lanes::F products[Count];
#pragma GCC unroll 16
  for (int i = 0; i < Count; ++i) {
    products[i] = key_product<Lanes>(task.query, keys + static_cast<std::size_t>(i) * width, task.width);
  }
  Lanes::totals(products, task.scores + position);
}

// out(0 .. 16 Vectors) = sum over positions of weight(p) value(p), in the order of the positions.
template <class Lanes, int Vectors>
void weigh_values(const Attention& task, int column, float inverse_sum) {
  typename Lanes::F sums[Vectors];
  for (auto& sum : sums) sum = Lanes::set(0);
  const std::size_t width = static_cast<std::size_t>(task.width);
  const auto take = [&](int position, int slot) {
    const auto weight = Lanes::set(task.scores[position]);
    const float* value = task.values + static_cast<std::size_t>(slot) * width + column;
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v) sums[v] = Lanes::fma(weight, Lanes::load(value + 16 * v), sums[v]);
  };
  for (int p = task.first; p < task.text; ++p) take(p, p);
  for (int i = task.first > task.text ? task.first - task.text : 0; i < task.path_length; ++i) {
    take(task.text + i, task.path[i]);
  }
  for (int v = 0; v < Vectors; ++v) {
    Lanes::store(task.out + column + 16 * v, Lanes::mul(sums[v], Lanes::set(inverse_sum)));
  }
}

template <class Lanes>
void attention(const Attention& task) {
  const int total = task.text + task.path_length;
  const int begin = task.first / 16 * 16;  // a position's lane in the sum below never changes
  const int end = (total + 15) / 16 * 16;
  const int width = task.width;
  const auto key = [&](int slot) {
    return task.keys + static_cast<std::size_t>(slot) * static_cast<std::size_t>(width);
  };
  constexpr float kOutside = -__builtin_inff();
  float* scores = task.scores;
  for (int p = begin; p < task.first; ++p) scores[p] = kOutside;
  int p = task.first;
  for (; p + 16 <= task.text; p += 16) score_keys<Lanes, 16>(task, p);
  for (; p + 4 <= task.text; p += 4) score_keys<Lanes, 4>(task, p);
  for (; p < total; ++p) {
    const int slot = p < task.text ? p : task.path[p - task.text];
    scores[p] = Lanes::total(key_product<Lanes>(task.query, key(slot), width));
  }
  for (; p < end; ++p) scores[p] = kOutside;

  auto most = Lanes::set(kOutside);
  for (int i = begin; i < end; i += 16) most = Lanes::max(most, Lanes::load(scores + i));
  float lanes[16];
  Lanes::store(lanes, most);
  float highest = lanes[0];
  for (const float lane : lanes) highest = lane > highest ? lane : highest;

  auto sums = Lanes::set(0);
  for (int i = begin; i < end; i += 16) {
    const auto above = Lanes::sub(Lanes::load(scores + i), Lanes::set(highest));
    const auto weight = exponential<Lanes>(Lanes::mul(above, Lanes::set(task.scale)));
    Lanes::store(scores + i, weight);
    sums = Lanes::add(sums, weight);
  }
  const float inverse_sum = 1.0f / Lanes::total(sums);
  int column = 0;
  for (; column + 64 <= width; column += 64) weigh_values<Lanes, 4>(task, column, inverse_sum);
  for (; column < width; column += 16) weigh_values<Lanes, 1>(task, column, inverse_sum);
}

}  // namespace speclab
