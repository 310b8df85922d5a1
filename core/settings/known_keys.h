#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

namespace speclab {

// What becomes of a key of a JSON file that another program wrote. A key that is not there, or null, is none.
enum class KeyFate : std::uint8_t {
  read,   // by the file's reader
  only,   // would change results: refused by name, unless its value is one of `values`
  said,   // is not followed, though it changes what other programs do: named in a remark, unless one of
          // `values`
  inert,  // without effect on what is computed here
};

struct KnownKey {
  const char* name;
  KeyFate fate;
  const char* why;            // not read: why it is refused, not followed, or without effect; a clause
  const char* values = "[]";  // only, said: those that are as if the key were not there, as a JSON list
};

using KeyTable = std::span<const KnownKey>;

// The first entry of that name; null where there is none.
const KnownKey* find_key(std::span<const KeyTable> tables, const std::string& name);

// Every key of `object` has a fate: ConfigError, which begins with `place`, names one that is refused; keys
// that are said, and keys outside the tables, are named in `remarks`, in one sentence each kind.
void check_keys(const nlohmann::json& object, const std::string& place, std::span<const KeyTable> tables,
                std::vector<std::string>& remarks);

}  // namespace speclab
