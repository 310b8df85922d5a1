#include "kernels/cuda/tree_attention.h"

#include <algorithm>

#include "tests/gpu/on_device.h"
#include "tests/gpu/reference.h"

namespace speclab {
namespace {

struct HeadShape {
  int heads, kv_heads, head_dim;
};

// A cache of some sequences with keys and values that are a function of what a slot stands for.
template <class T>
class Cache {
 public:
  Cache(HeadShape shape, int sequences, int slots)
      : shape_(shape), pages_((slots + kPagePositions - 1) / kPagePositions) {
    const int pages = pages_ * sequences;
    // Sequences' pages alternate, back to front.
    for (int s = 0; s < sequences; ++s) {
      for (int p = 0; p < pages_; ++p) table_.push_back(pages - 1 - (p * sequences + s));
    }
    const std::size_t elements = cache_elements(pages, shape.kv_heads, shape.head_dim);
    keys_.assign(elements, {0xFFFF});  // not a number: slots that nobody filled must not be read
    values_ = keys_;
  }

  void put(int sequence, int slot, std::uint64_t content) {
    for (int h = 0; h < shape_.kv_heads; ++h) {
      for (int i = 0; i < padded8(shape_.head_dim); ++i) {
        const std::uint64_t seed = content * 100'003 + static_cast<std::uint64_t>(h * 1009 + i);
        const std::size_t place = at(sequence, slot, h) + static_cast<std::size_t>(i);
        const bool inside = i < shape_.head_dim;
        keys_[place] = inside ? number_of<T>(2 * noise(seed)) : T{};
        values_[place] = inside ? number_of<T>(noise(seed + 77'777'777)) : T{};
      }
    }
  }
  std::size_t at(int sequence, int slot, int kv_head) const {
    const int page = table_[sequence * pages_ + slot / kPagePositions];
    return index_of(
        static_cast<std::size_t>((page * shape_.kv_heads + kv_head) * kPagePositions + slot % kPagePositions),
        padded8(shape_.head_dim), 0);
  }
  const T* keys() const { return keys_.data(); }
  const T* values() const { return values_.data(); }

  // (rows, heads * head_dim)
  std::vector<T> attend(const std::vector<AttendRow>& rows, const std::vector<int>& paths,
                        const std::vector<T>& queries) const {
    Stream stream;
    std::vector<T> padded_queries;
    for (std::size_t at = 0; at < queries.size(); at += static_cast<std::size_t>(shape_.head_dim)) {
      const auto begin = queries.begin() + static_cast<std::ptrdiff_t>(at);
      padded_queries.insert(padded_queries.end(), begin, begin + shape_.head_dim);
      padded_queries.resize(padded_queries.size() +
                            static_cast<std::size_t>(padded8(shape_.head_dim) - shape_.head_dim));
    }
    AttentionPlan plan;
    make_attention_plan(rows, shape_.heads, shape_.kv_heads, plan);
    const auto keys = to_device(keys_, stream), values = to_device(values_, stream),
               device_queries = to_device(padded_queries, stream);
    const auto table = to_device(table_, stream), order = to_device(plan.order, stream),
               device_paths = to_device(paths.empty() ? std::vector<int>{0} : paths, stream);
    const auto device_rows = to_device(plan.rows, stream);
    const auto items = to_device(plan.items, stream);
    const int d = shape_.head_dim, width = shape_.heads * d, padded = padded8(d);
    DeviceBuffer<float> sums(index_of(static_cast<std::size_t>(plan.parts), shape_.heads * padded, 0),
                             "sums"),
        statistics(index_of(static_cast<std::size_t>(plan.parts), 2 * shape_.heads, 0), "statistics");
    const int stride = padded16(width);
    const auto out = to_device(std::vector<T>(index_of(rows.size(), stride, 0), T{}), stream);
    TreeAttention<T> task;
    task.queries = device_queries.data();
    task.cache = {keys.data(), values.data(), table.data(), pages_, shape_.kv_heads, shape_.head_dim};
    task.rows = device_rows.data();
    task.order = order.data();
    task.items = items.data();
    task.paths = device_paths.data();
    task.part_sums = sums.data();
    task.part_statistics = statistics.data();
    task.out = out.data();
    task.row_count = static_cast<int>(rows.size());
    task.item_count = static_cast<int>(plan.items.size());
    task.heads = shape_.heads;
    task.scale = 1 / std::sqrt(static_cast<float>(shape_.head_dim));
    tree_attention(task, stream);
    const auto strided = to_host(out, stream);
    std::vector<T> result;
    for (std::size_t n = 0; n < rows.size(); ++n) {
      for (int i = 0; i < stride; ++i) {
        if (i < width) {
          result.push_back(strided[index_of(n, stride, i)]);
        } else {
          EXPECT_EQ(strided[index_of(n, stride, i)].bits, 0);
        }
      }
    }
    return result;
  }

 private:
  HeadShape shape_;
  int pages_;
  std::vector<int> table_;
  std::vector<T> keys_, values_;
};

template <class T>
class AttentionOnDevice : public OnDevice {
 protected:
  static std::vector<T> queries_for(std::size_t rows, HeadShape shape) {
    return noise_rows<T>(static_cast<int>(rows), shape.heads * shape.head_dim, shape.heads * shape.head_dim,
                         9, 2.0f);
  }

  static void expect_softmax(const Cache<T>& cache, HeadShape shape, const std::vector<AttendRow>& rows,
                             const std::vector<int>& paths, const std::vector<T>& queries,
                             const std::vector<T>& got) {
    const int d = shape.head_dim, width = shape.heads * d;
    for (std::size_t n = 0; n < rows.size(); ++n) {
      const AttendRow& row = rows[n];
      for (int h = 0; h < shape.heads; ++h) {
        const int kv_head = h / (shape.heads / shape.kv_heads);
        std::vector<double> weights;
        std::vector<std::size_t> places;
        double total = 0, largest = -1e30;
        for (int v = row.first; v < row.keys(); ++v) {
          const int slot = v < row.text ? v : paths[row.path_begin + v - row.text];
          places.push_back(cache.at(row.sequence, slot, kv_head));
          weights.push_back(
              sum_of_products(queries.data() + index_of(n, width, h * d), cache.keys() + places.back(), d)
                  .value /
              std::sqrt(static_cast<double>(d)));
          largest = std::max(largest, weights.back());
        }
        for (double& weight : weights) total += weight = std::exp(weight - largest);
        for (int i = 0; i < d; ++i) {
          SumOfProducts sum;
          for (std::size_t v = 0; v < weights.size(); ++v) {
            const double term =
                weights[v] / total * to_float(cache.values()[places[v] + static_cast<std::size_t>(i)]);
            sum.value += term;
            sum.magnitude += std::abs(term);
          }
          // Weights are rounded once, scores err by some 1e-6, and the result is rounded.
          const double tolerance = (unit_roundoff<T>() + 2e-5) * sum.magnitude +
                                   1.01 * unit_roundoff<T>() * std::abs(sum.value) + 0x1p-24;
          ASSERT_NEAR(to_float(got[index_of(n, width, h * d + i)]), sum.value, tolerance)
              << "row " << n << ", head " << h << ", number " << i;
        }
      }
    }
  }
};
using Types = testing::Types<Bf16, F16>;
TYPED_TEST_SUITE(AttentionOnDevice, Types);

// Two sequences: the rest of a prompt, and a root with a tree whose nodes were evaluated in two passes.
TYPED_TEST(AttentionOnDevice, sees_text_and_paths_and_nothing_else) {
  for (const HeadShape shape :
       {HeadShape{2, 2, 64}, {4, 1, 96}, {8, 1, 128}, {7, 1, 22}, {17, 1, 8}, {3, 3, 40}}) {
    SCOPED_TRACE(testing::Message() << shape.heads << " heads of " << shape.head_dim);
    constexpr int kPrompt = 150, kText = 121;
    Cache<TypeParam> cache(shape, 2, 192);
    for (int slot = 0; slot < kPrompt; ++slot) cache.put(0, slot, static_cast<std::uint64_t>(slot));
    for (int slot = 0; slot < kText + 12; ++slot) cache.put(1, slot, 1000 + static_cast<std::uint64_t>(slot));
    std::vector<AttendRow> rows;
    for (int position = kPrompt - 9; position < kPrompt; ++position)
      rows.push_back({.sequence = 0, .text = position + 1});
    rows.push_back({.sequence = 1, .text = kText});
    const std::vector<int> paths{kText, kText + 3, kText + 7, kText + 1, kText + 11, kText + 2};
    rows.push_back({.sequence = 1, .text = kText, .path_begin = 0, .path_length = 3});
    rows.push_back({.sequence = 1, .text = kText, .path_begin = 3, .path_length = 2});
    rows.push_back({.sequence = 1, .text = kText, .path_begin = 5, .path_length = 1});
    const auto queries = this->queries_for(rows.size(), shape);
    in_every_order([&] {
      this->expect_softmax(cache, shape, rows, paths, queries, cache.attend(rows, paths, queries));
    });
  }
}

TYPED_TEST(AttentionOnDevice, looks_no_further_back_than_its_window) {
  const HeadShape shape{2, 1, 16};
  Cache<TypeParam> cache(shape, 1, 512);
  for (int slot = 0; slot < 400; ++slot) cache.put(0, slot, static_cast<std::uint64_t>(slot));
  std::vector<AttendRow> rows;
  for (const int window : {1, 20, 33, 100, 300}) rows.push_back({.text = 390, .first = 390 - window});
  const auto queries = this->queries_for(rows.size(), shape);
  this->expect_softmax(cache, shape, rows, {}, queries, cache.attend(rows, {}, queries));
}

TYPED_TEST(AttentionOnDevice, starts_with_one_key) {
  const HeadShape shape{2, 2, 64};
  Cache<TypeParam> cache(shape, 1, 64);
  for (int slot = 0; slot < 40; ++slot) cache.put(0, slot, static_cast<std::uint64_t>(slot));
  std::vector<AttendRow> rows;
  for (int position = 0; position < 40; ++position) rows.push_back({.text = position + 1});
  const auto queries = this->queries_for(rows.size(), shape);
  this->expect_softmax(cache, shape, rows, {}, queries, cache.attend(rows, {}, queries));
}

// Longer parts, of which a warp takes several turns.
TYPED_TEST(AttentionOnDevice, reads_long_texts) {
  const HeadShape shape{1, 1, 8};
  Cache<TypeParam> cache(shape, 1, 4544);
  for (int slot = 0; slot < 4500; ++slot) cache.put(0, slot, static_cast<std::uint64_t>(slot));
  const std::vector<AttendRow> rows{{.text = 2500}, {.text = 4500}};
  const auto queries = this->queries_for(rows.size(), shape);
  this->expect_softmax(cache, shape, rows, {}, queries, cache.attend(rows, {}, queries));
}

// A path's rows as text in one sequence, as a tree with other nodes around it in another, and alone.
TYPED_TEST(AttentionOnDevice, gives_a_row_the_same_bits_as_node_and_as_text) {
  const HeadShape shape{4, 2, 64};
  struct Case {
    int text, depth;
  };
  for (const auto [text, depth] : {Case{5, 3}, {64, 40}, {130, 20}, {100, 60}, {700, 4}}) {
    SCOPED_TRACE(testing::Message() << "text " << text << ", depth " << depth);
    Cache<TypeParam> cache(shape, 2, 1024);
    for (int slot = 0; slot < text + depth; ++slot) cache.put(0, slot, static_cast<std::uint64_t>(slot));
    for (int slot = 0; slot < text; ++slot) cache.put(1, slot, static_cast<std::uint64_t>(slot));
    // Every other node of the tree belongs to the path.
    std::vector<AttendRow> as_text, as_nodes;
    std::vector<int> paths;
    for (int i = 0; i < depth; ++i) {
      cache.put(1, text + 2 * i, static_cast<std::uint64_t>(text + i));
      cache.put(1, text + 2 * i + 1, 5000 + static_cast<std::uint64_t>(i));
      const int begin = static_cast<int>(paths.size());
      for (int j = 0; j <= i; ++j) paths.push_back(text + 2 * j);
      as_text.push_back({.sequence = 0, .text = text + i + 1});
      as_nodes.push_back({.sequence = 1, .text = text, .path_begin = begin, .path_length = i + 1});
    }
    const auto queries = this->queries_for(static_cast<std::size_t>(depth), shape);
    const auto text_bits = cache.attend(as_text, {}, queries);
    const auto node_bits = cache.attend(as_nodes, paths, queries);
    const std::size_t width = static_cast<std::size_t>(shape.heads * shape.head_dim);
    for (std::size_t i = 0; i < text_bits.size(); ++i) {
      ASSERT_EQ(node_bits[i].bits, text_bits[i].bits) << "node " << i / width;
    }
    const std::vector<TypeParam> last(queries.end() - static_cast<std::ptrdiff_t>(width), queries.end());
    const auto alone = cache.attend({as_nodes.back()}, paths, last);
    for (std::size_t i = 0; i < width; ++i) {
      ASSERT_EQ(alone[i].bits, text_bits[text_bits.size() - width + i].bits);
    }
  }
}

TEST(AttentionPlan, gives_every_row_all_its_keys_once) {
  std::vector<AttendRow> rows;
  std::vector<int> lengths{1, 31, 32, 33, 48, 63, 64, 97, 127, 500, 3000, 40'000};
  for (const int length : lengths) {
    rows.push_back({.text = length});
    rows.push_back({.sequence = 1, .text = length, .path_length = 17});
    rows.push_back({.sequence = 1, .text = length, .path_length = 400});
    rows.push_back({.sequence = 1, .text = length, .path_length = 401});
    rows.push_back({.sequence = 2, .text = length, .first = length / 3});
  }
  AttentionPlan plan;
  make_attention_plan(rows, 8, 2, plan);
  std::vector<std::vector<AttendItem>> by_part(static_cast<std::size_t>(plan.parts));
  for (const AttendItem& item : plan.items) {
    EXPECT_LE(item.rows, rows_per_tile(8, 2));
    EXPECT_EQ(item.key_begin % 16, 0);
    for (int i = 0; i < item.rows; ++i) {
      const AttendRow& row = plan.rows[plan.order[static_cast<std::size_t>(item.begin + i)]];
      ASSERT_LT(item.part, row.parts);
      by_part[row.part_begin + item.part].push_back(item);
      EXPECT_TRUE(item.rows == 1 || row.path_length == 0 || item.key_end <= row.text)
          << "keys that are not shared";
    }
  }
  for (const AttendRow& row : plan.rows) {
    int key = -1;
    for (int p = 0; p < row.parts; ++p) {
      const auto& items = by_part[row.part_begin + p];
      ASSERT_EQ(items.size(), 1u);
      if (p == 0) {
        EXPECT_LE(items[0].key_begin, row.first);
      } else {
        EXPECT_EQ(items[0].key_begin, key);
      }
      key = items[0].key_end;
    }
    EXPECT_GE(key, row.keys());
    EXPECT_LE(row.parts, 45);
  }
}

}  // namespace
}  // namespace speclab
