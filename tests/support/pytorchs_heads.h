#pragma once

#include <filesystem>
#include <string>

#include "core/draft_heads.h"
#include "core/feature_model.h"
#include "core/language_model.h"

namespace speclab {

// The shipped heads against what PyTorch made of them in float32: tests/data/make_heads_reference.py. `kind`
// is medusa, hydra, eagle or eagle3.

std::filesystem::path shipped_target();
std::filesystem::path shipped_heads(const std::string& kind);

// Rows are read on the host; the target is the shipped one, with the layer's taps. A logit may be off by
// `tolerance` of the likeliest token's. The first so many places of the text are looked at.
void expect_pytorchs_heads(const std::string& kind, LanguageModel& target, DraftHeads& heads,
                           double tolerance, int places = 4);
void expect_pytorchs_layer(const std::string& kind, LanguageModel& target, FeatureModel& layer,
                           double tolerance, int places = 4);

}  // namespace speclab
