#pragma once

#include <span>

#include "core/rows.h"

namespace speclab {

// Makes rows readable on the host, wherever they lie. What was read lives until the same call comes again.
// This one is for where all rows are there already.
class RowReader {
 public:
  virtual ~RowReader() = default;
  virtual Rows read(const Rows& rows) { return rows; }
  virtual void read(std::span<Row>) {}  // in place; empty ones stay empty
};

}  // namespace speclab
