#include "core/models/checkpoint/safetensors.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/errors.h"
#include "core/models/checkpoint/float16.h"
#include "core/settings/json_text.h"
#include "core/settings/text_file.h"

namespace speclab {
namespace {

constexpr std::size_t kLengthBytes = 8;
constexpr std::uint64_t kMaxHeader = 100'000'000;  // the format's own limit

std::optional<Dtype> dtype_named(const std::string& name) {
  if (name == "F32") return Dtype::f32;
  if (name == "F16") return Dtype::f16;
  if (name == "BF16") return Dtype::bf16;
  return std::nullopt;
}

// Bytes per element of all that the format knows; 0 for a name that it does not.
std::size_t element_bytes(const std::string& dtype) {
  if (dtype == "F64" || dtype == "I64" || dtype == "U64") return 8;
  if (dtype == "F32" || dtype == "I32" || dtype == "U32") return 4;
  if (dtype == "F16" || dtype == "BF16" || dtype == "I16" || dtype == "U16") return 2;
  if (dtype == "I8" || dtype == "U8" || dtype == "BOOL" || dtype == "F8_E4M3" || dtype == "F8_E5M2") return 1;
  return 0;
}

template <class Bits>
std::int64_t first_with_full_exponent(const std::byte* data, std::int64_t count, Bits exponent) {
  constexpr std::int64_t kBlock = 4096;
  for (std::int64_t begin = 0; begin < count; begin += kBlock) {
    const std::int64_t end = std::min(begin + kBlock, count);
    unsigned found = 0;
    for (std::int64_t i = begin; i < end; ++i) {
      Bits bits;
      std::memcpy(&bits, data + i * static_cast<std::int64_t>(sizeof bits), sizeof bits);
      found |= static_cast<unsigned>((bits & exponent) == exponent);
    }
    if (!found) continue;
    for (std::int64_t i = begin; i < end; ++i) {
      Bits bits;
      std::memcpy(&bits, data + i * static_cast<std::int64_t>(sizeof bits), sizeof bits);
      if ((bits & exponent) == exponent) return i;
    }
  }
  return -1;
}

}  // namespace

std::int64_t Tensor::elements() const {
  std::int64_t product = 1;
  for (const std::int64_t side : shape) product *= side;
  return product;
}

float Tensor::at(std::int64_t index) const {
  const std::byte* where = data + static_cast<std::size_t>(index) * bytes_of(dtype);
  if (dtype == Dtype::f32) {
    float value;
    std::memcpy(&value, where, sizeof value);
    return value;
  }
  std::uint16_t bits;
  std::memcpy(&bits, where, sizeof bits);
  return dtype == Dtype::bf16 ? float_of_bf16(bits) : float_of_f16(bits);
}

std::vector<float> Tensor::floats() const {
  std::vector<float> values(static_cast<std::size_t>(elements()));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = at(static_cast<std::int64_t>(i));
  return values;
}

std::int64_t Tensor::first_not_finite() const {
  switch (dtype) {
    case Dtype::f32:
      return first_with_full_exponent<std::uint32_t>(data, elements(), 0x7F800000u);
    case Dtype::f16:
      return first_with_full_exponent<std::uint16_t>(data, elements(), 0x7C00);
    case Dtype::bf16:
      return first_with_full_exponent<std::uint16_t>(data, elements(), 0x7F80);
  }
  return -1;
}

std::string shape_text(std::span<const std::int64_t> shape) {
  return fmt::format("({})", fmt::join(shape, ", "));
}

MappedFile::MappedFile(const std::filesystem::path& path) {
  require_regular_file(path);
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0)
    throw ConfigError(fmt::format("{}: cannot be opened: {}", path.string(), std::strerror(errno)));
  struct stat status {};
  const bool sized = ::fstat(file, &status) == 0 && S_ISREG(status.st_mode);
  if (sized) size_ = static_cast<std::size_t>(status.st_size);
  void* mapped = MAP_FAILED;
  if (size_ > 0) mapped = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, file, 0);
  const int error = errno;
  ::close(file);
  if (!sized) throw ConfigError(fmt::format("{}: is not a regular file", path.string()));
  if (size_ == 0) throw ConfigError(fmt::format("{}: is empty", path.string()));
  if (mapped == MAP_FAILED) {
    throw ConfigError(fmt::format("{}: cannot be mapped: {}", path.string(), std::strerror(error)));
  }
  data_ = static_cast<const std::byte*>(mapped);
}

MappedFile::~MappedFile() {
  if (data_) ::munmap(const_cast<std::byte*>(data_), size_);
}

Safetensors::Safetensors(std::filesystem::path path) : path_(std::move(path)), file_(path_) {
  static_assert(std::endian::native == std::endian::little, "the format is little-endian");
  const auto refuse = [&](const std::string& what) { throw ConfigError(path_.string() + ": " + what); };
  const std::span<const std::byte> bytes = file_.bytes();
  constexpr std::string_view kPointer = "version https://git-lfs";
  if (bytes.size() >= kPointer.size() && std::memcmp(bytes.data(), kPointer.data(), kPointer.size()) == 0)
    refuse("is a Git LFS pointer, not the file itself; `git lfs pull` in the repository brings it");
  if (bytes.size() < kLengthBytes) {
    refuse(fmt::format("has {} bytes, too few for a safetensors file (is the download complete?)",
                       bytes.size()));
  }
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), sizeof length);
  if (length > kMaxHeader || length > bytes.size() - kLengthBytes) {
    refuse(
        fmt::format("says that its header has {} bytes, but the file has {} (truncated, or not safetensors)",
                    length, bytes.size()));
  }
  data_begin_ = kLengthBytes + length;
  const std::size_t data_bytes = bytes.size() - data_begin_;
  const char* text = reinterpret_cast<const char*>(bytes.data()) + kLengthBytes;
  const nlohmann::json header = parse_json({text, static_cast<std::size_t>(length)},
                                           path_.string() + ": its header (damaged, or not safetensors)");
  if (!header.is_object()) refuse("its header is not a JSON object (damaged, or not safetensors)");

  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") continue;
    const auto wrong = [&, &tensor = name](const std::string& what) {
      refuse(fmt::format("tensor '{}' {}", tensor, what));
    };
    const auto whole = [](const nlohmann::json& list) {
      if (!list.is_array()) return false;
      for (const auto& item : list) {
        if (!item.is_number_unsigned() || item.get<std::uint64_t>() > INT64_MAX) return false;
      }
      return true;
    };
    if (!entry.is_object() || !entry.contains("dtype") || !entry["dtype"].is_string() ||
        !entry.contains("shape") || !whole(entry["shape"]) || !entry.contains("data_offsets") ||
        !whole(entry["data_offsets"]) || entry["data_offsets"].size() != 2) {
      wrong("has no proper dtype, shape and data_offsets in the header");
    }
    Entry read{.dtype = entry["dtype"],
               .shape = entry["shape"],
               .begin = entry["data_offsets"][0],
               .end = entry["data_offsets"][1]};
    if (read.begin > read.end || read.end > data_bytes) {
      wrong(fmt::format("lies at bytes {} to {} of the data, which has {} (is the file truncated?)",
                        read.begin, read.end, data_bytes));
    }
    const std::size_t width = element_bytes(read.dtype);
    std::int64_t elements = 1, size = 0;
    bool overflow = false;
    for (const std::int64_t side : read.shape) overflow |= __builtin_mul_overflow(elements, side, &elements);
    overflow |= __builtin_mul_overflow(elements, static_cast<std::int64_t>(width), &size);
    if (overflow)
      wrong(fmt::format("has shape {} of {}, more bytes than can be counted", shape_text(read.shape),
                        read.dtype));
    if (width != 0 && static_cast<std::size_t>(size) != read.end - read.begin) {
      wrong(fmt::format("has shape {} of {}, which takes {} bytes, but {} are stored", shape_text(read.shape),
                        read.dtype, size, read.end - read.begin));
    }
    entries_.emplace(name, std::move(read));
  }
  check_layout(data_bytes);
}

void Safetensors::check_layout(std::size_t data_bytes) const {
  using Place = std::pair<const std::string, Entry>;
  std::vector<const Place*> places;
  for (const Place& place : entries_) places.push_back(&place);
  std::ranges::sort(places, {}, [](const Place* p) { return std::pair(p->second.begin, p->second.end); });
  const auto refuse = [&](const std::string& what) { throw ConfigError(path_.string() + ": " + what); };
  std::size_t covered = 0;
  std::string before;
  for (const Place* place : places) {
    const auto& [name, entry] = *place;
    if (entry.begin < covered) {
      refuse(
          fmt::format("tensors '{}' and '{}' overlap: the latter begins at byte {} of the data, before the "
                      "former ends, at {}",
                      before, name, entry.begin, covered));
    }
    if (entry.begin > covered) {
      refuse(fmt::format("bytes {} to {} of the data, before tensor '{}', belong to no tensor (damaged?)",
                         covered, entry.begin, name));
    }
    covered = entry.end;
    before = name;
  }
  if (covered != data_bytes) {
    refuse(fmt::format("the last {} of {} bytes of the data belong to no tensor (damaged?)",
                       data_bytes - covered, data_bytes));
  }
}

std::vector<std::string> Safetensors::names() const {
  std::vector<std::string> names;
  names.reserve(entries_.size());
  for (const auto& [name, entry] : entries_) names.push_back(name);
  return names;
}

const Safetensors::Entry& Safetensors::entry(const std::string& name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) throw ConfigError(fmt::format("{}: has no tensor '{}'", path_.string(), name));
  return found->second;
}

Tensor Safetensors::tensor(const std::string& name) const {
  const Entry& found = entry(name);
  const std::optional<Dtype> dtype = dtype_named(found.dtype);
  if (!dtype) {
    throw ConfigError(fmt::format("{}: tensor '{}' is stored as {}; F32, F16 and BF16 can be read",
                                  path_.string(), name, found.dtype));
  }
  return {*dtype, found.shape, file_.bytes().data() + data_begin_ + found.begin};
}

std::vector<std::int64_t> Safetensors::integers(const std::string& name) const {
  const Entry& found = entry(name);
  const std::byte* data = file_.bytes().data() + data_begin_ + found.begin;
  std::vector<std::int64_t> values;
  const auto read_as = [&]<class Stored>(Stored value) {
    // The shape's bytes are those that are stored, as the type is known.
    values.resize(static_cast<std::size_t>(Tensor{Dtype::f32, found.shape}.elements()));
    for (std::size_t i = 0; i < values.size(); ++i) {
      std::memcpy(&value, data + sizeof value * i, sizeof value);
      values[i] = value;
    }
  };
  if (found.dtype == "I64") {
    read_as(std::int64_t{});
  } else if (found.dtype == "I32") {
    read_as(std::int32_t{});
  } else if (found.dtype == "BOOL" || found.dtype == "U8") {
    read_as(std::uint8_t{});
  } else {
    throw ConfigError(
        fmt::format("{}: tensor '{}' is stored as {}; whole numbers are read from I64, I32, U8 and BOOL",
                    path_.string(), name, found.dtype));
  }
  return values;
}

}  // namespace speclab
