#pragma once

#include <cstdint>
#include <typeinfo>

namespace speclab {

// How a device judges in a rule's place, with the same verdicts: by which kernel, and what the kernel needs
// to know. A rule without one judges on the host, on copies of the rows.
struct DeviceForm {
  enum class Kernel : std::uint8_t {
    none,
    in_turn,          // siblings one after another, against what rejections have left
    from_the_leaves,  // traversal verification
    kseq,
    sample_and_match
  };
  Kernel kernel = Kernel::none;
  double lenience = 1;              // q is multiplied by it for the comparison
  bool at_random = false;           // siblings are taken in random order
  bool drafts_are_certain = false;  // guesses are judged as chosen without chance, however they were drawn
  // The class whose decisions these are: a subclass that says nothing decides otherwise, and gets no kernel.
  const std::type_info* of = nullptr;
};

}  // namespace speclab
