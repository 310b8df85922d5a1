#pragma once

#include "kernels/cpu/elementwise_body.h"

// Included once per instruction set, in a file compiled for it: everything here depends on Lanes.
namespace speclab {

inline const float* row_of(const float* rows, int slot, int width) {
  return rows + static_cast<std::size_t>(slot) * static_cast<std::size_t>(width);
}

inline float* scores_of(const Attention& task, int query) {
  return task.scores + static_cast<std::size_t>(query) * task.scores_stride;
}

// Scores of Count positions of the text, from `position` on, for all queries: a key is loaded once.
template <class Lanes, int Queries, int Count>
void score_keys(const Attention& task, int position) {
  using F = typename Lanes::F;
  F products[Queries * Count];
#pragma GCC unroll 16
  for (int i = 0; i < Count; ++i) {
    const float* key = row_of(task.keys, position + i, task.width);
#pragma GCC unroll 4
    for (int q = 0; q < Queries; ++q) {
      products[q * Count + i] = Lanes::mul(Lanes::load(task.queries[q].query), Lanes::load(key));
    }
  }
  for (int k = 16; k < task.width; k += 16) {
    F query[Queries];
#pragma GCC unroll 4
    for (int q = 0; q < Queries; ++q) query[q] = Lanes::load(task.queries[q].query + k);
#pragma GCC unroll 16
    for (int i = 0; i < Count; ++i) {
      const F key = Lanes::load(row_of(task.keys, position + i, task.width) + k);
#pragma GCC unroll 4
      for (int q = 0; q < Queries; ++q) {
        products[q * Count + i] = Lanes::fma(query[q], key, products[q * Count + i]);
      }
    }
  }
  float totals[Queries * Count];
  Lanes::totals(products, totals);
  for (int q = 0; q < Queries; ++q) {
    __builtin_memcpy(scores_of(task, q) + position, totals + q * Count, Count * sizeof(float));
  }
}

template <class Lanes>
float score_key(const Attention& task, int query, int slot) {
  const float* x = task.queries[query].query;
  const float* key = row_of(task.keys, slot, task.width);
  auto sum = Lanes::mul(Lanes::load(x), Lanes::load(key));
  for (int k = 16; k < task.width; k += 16) sum = Lanes::fma(Lanes::load(x + k), Lanes::load(key + k), sum);
  return Lanes::total(sum);
}

// Scores become weights that lack a common factor, which is returned.
template <class Lanes>
float weights_of_scores(const Attention& task, int query) {
  float* scores = scores_of(task, query);
  const int total = task.text + task.queries[query].path_length;
  const int begin = task.first / 16 * 16;  // a position's lane in the sum below never changes
  const int end = (total + 15) / 16 * 16;
  constexpr float kOutside = -__builtin_inff();
  for (int p = begin; p < task.first; ++p) scores[p] = kOutside;
  for (int p = total; p < end; ++p) scores[p] = kOutside;

  auto max = Lanes::set(kOutside);
  for (int i = begin; i < end; i += 16) max = Lanes::max(max, Lanes::load(scores + i));
  float lanes[16];
  Lanes::store(lanes, max);
  float highest = lanes[0];
  for (const float lane : lanes) highest = lane > highest ? lane : highest;

  auto sums = Lanes::set(0);
  for (int i = begin; i < end; i += 16) {
    const auto above = Lanes::sub(Lanes::load(scores + i), Lanes::set(highest));
    const auto weight = exponential<Lanes>(Lanes::mul(above, Lanes::set(task.scale)));
    Lanes::store(scores + i, weight);
    sums = Lanes::add(sums, weight);
  }
  return 1.0f / Lanes::total(sums);
}

// out(column .. column + 16 Vectors) = sum over positions of weight(p) value(p), in the order of the
// positions.
template <class Lanes, int Queries, int Vectors>
void weigh_values(const Attention& task, int column, const float* inverse_sums) {
  using F = typename Lanes::F;
  F sums[Queries * Vectors];
  for (F& sum : sums) sum = Lanes::set(0);
  for (int p = task.first; p < task.text; ++p) {
    const float* value = row_of(task.values, p, task.width) + column;
    F values[Vectors];
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v) values[v] = Lanes::load(value + 16 * v);
#pragma GCC unroll 4
    for (int q = 0; q < Queries; ++q) {
      const F weight = Lanes::set(scores_of(task, q)[p]);
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; ++v) {
        sums[q * Vectors + v] = Lanes::fma(weight, values[v], sums[q * Vectors + v]);
      }
    }
  }
#pragma GCC unroll 4
  for (int q = 0; q < Queries; ++q) {
    const Attention::Query& query = task.queries[q];
    for (int i = task.first > task.text ? task.first - task.text : 0; i < query.path_length; ++i) {
      const float* value = row_of(task.values, query.path[i], task.width) + column;
      const F weight = Lanes::set(scores_of(task, q)[task.text + i]);
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; ++v) {
        sums[q * Vectors + v] = Lanes::fma(weight, Lanes::load(value + 16 * v), sums[q * Vectors + v]);
      }
    }
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v) {
      Lanes::store(query.out + column + 16 * v,
                   Lanes::mul(sums[q * Vectors + v], Lanes::set(inverse_sums[q])));
    }
  }
}

template <class Lanes, int Queries>
void attend_together(const Attention& task) {
  constexpr int kBlock = 16 / Queries;
  int p = task.first;
  for (; p + kBlock <= task.text; p += kBlock) score_keys<Lanes, Queries, kBlock>(task, p);
  float inverse_sums[Queries];
  for (int q = 0; q < Queries; ++q) {
    float* scores = scores_of(task, q);
    const Attention::Query& query = task.queries[q];
    for (int rest = p; rest < task.text + query.path_length; ++rest) {
      scores[rest] = score_key<Lanes>(task, q, rest < task.text ? rest : query.path[rest - task.text]);
    }
    inverse_sums[q] = weights_of_scores<Lanes>(task, q);
  }
  int column = 0;
  for (; column + 64 <= task.width; column += 64) weigh_values<Lanes, Queries, 4>(task, column, inverse_sums);
  for (; column < task.width; column += 16) weigh_values<Lanes, Queries, 1>(task, column, inverse_sums);
}

template <class Lanes>
void attention(const Attention& task) {
  switch (task.count) {
    case 1:
      return attend_together<Lanes, 1>(task);
    case 2:
      return attend_together<Lanes, 2>(task);
    case 3:
      return attend_together<Lanes, 3>(task);
    default:
      return attend_together<Lanes, 4>(task);
  }
}

}  // namespace speclab
