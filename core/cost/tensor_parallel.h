#pragma once

#include <string>

#include "core/cost/model_shape.h"

namespace speclab {

// Why so many devices cannot share the model as engines share it, naming what they do not divide; "" where
// they can. Attention heads and the inner widths of the feed-forward blocks are cut evenly; key-value heads
// are too, or each lies on as many devices as there are to a head. Vocabularies need not divide: engines pad
// them.
std::string indivisible(const ModelShape& shape, int devices);

}  // namespace speclab
