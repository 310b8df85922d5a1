#pragma once

#include <string>
#include <string_view>

#include "core/models/tokenizer/regex.h"

namespace speclab {

// Rewrites a pattern so that PCRE2, with UTF, UCP and MULTILINE, matches what Oniguruma would:
// classes by Unicode property, scripts without extensions, `(?m)` as `(?s)`.
// ConfigError for constructs whose meaning differs and which no known tokenizer uses.
// Not Oniguruma itself, because Debian 12's (6.9.8) has Unicode 14 and the reference's has 16: classes would
// be rewritten all the same, and PCRE2 bounds steps and heap.
std::string pcre2_from_oniguruma(std::string_view pattern, Dialect dialect);

}  // namespace speclab
