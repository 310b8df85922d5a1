#include "core/rows.h"

#include "core/check.h"

namespace speclab {

void Row::refuse_to_read() const { throw BrokenInvariant("a row on a device was read on the host"); }

}  // namespace speclab
