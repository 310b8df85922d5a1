#include "core/results/row_check.h"

#include <fmt/format.h>

#include "core/results/run_totals.h"

namespace speclab {
namespace {

constexpr int kMaxActors = 256;
constexpr std::int64_t kRoomOfAny = 1 << 20, kRoomOfRow = 4;

}  // namespace

void RowCheck::table(std::string name, std::size_t rows) {
  table_ = std::move(name);
  rows_ += static_cast<std::int64_t>(rows);
  counted_ = 0;
}

void RowCheck::run(int role, int repeat) const {
  between(role, 0, 1, "role");
  between(repeat, 0, kMaxRepeats - 1, "repeat");
}

void RowCheck::sequence(int role, int repeat, int sequence) {
  run(role, repeat);
  between(sequence, 0, INT32_MAX - 1, "sequence");
  grow(sequences_, {role, repeat, 0}, std::int64_t{sequence} + 1, 1);
}

void RowCheck::accepted(int role, int repeat, int sequence, int accepted) {
  between(accepted, 0, INT32_MAX - 1, "accepted");
  grow(accepted_, {role, repeat, sequence}, std::int64_t{accepted} + 1, 1);
}

void RowCheck::work(int role, int repeat, int actor, int op) {
  run(role, repeat);
  between(actor, 0, kMaxActors - 1, "actor");
  between(op, 0, kOps - 1, "op");
  grow(actors_, {role, repeat, 0}, std::int64_t{actor} + 1, 2 * kOps);
}

void RowCheck::count(std::int64_t value, const char* column) {
  between(value, 0, INT64_MAX, column);
  if (__builtin_add_overflow(counted_, value, &counted_))
    fail(fmt::format("its counts add up to more than {} at a '{}' of {}", INT64_MAX, column, value));
}

void RowCheck::between(std::int64_t value, std::int64_t min, std::int64_t max, const char* column) const {
  if (value < min || value > max)
    fail(fmt::format("a row's '{}' is {}; it must be between {} and {}", column, value, min, max));
}

void RowCheck::room(std::int64_t units) {
  room_ += units;
  if (room_ > kRoomOfAny + kRoomOfRow * rows_)
    fail(fmt::format("its rows name more prompts, positions or models than {} rows can have", rows_));
}

void RowCheck::fail(const std::string& what) const {
  throw Hdf5Error(file_->path(), "reading " + table_, what);
}

void RowCheck::grow(std::map<Key, std::int64_t>& sizes, Key key, std::int64_t size, std::int64_t units) {
  std::int64_t& had = sizes[key];
  if (size <= had) return;
  room((size - had) * units);
  had = size;
}

}  // namespace speclab
