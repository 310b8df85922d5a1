#include "experiments/config/digest.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <memory>
#include <string_view>
#include <vector>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "core/check.h"
#include "core/errors.h"
#include "core/settings/text_file.h"

namespace speclab {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kWhole = 64u << 20, kPart = 1u << 20, kBlock = 4096, kBlocks = 2048;

class Hash {
 public:
  Hash() : state_(XXH3_createState(), XXH3_freeState) {
    SPECLAB_CHECK(state_ != nullptr, "no memory for a digest");
    XXH3_128bits_reset(state_.get());
  }
  void add(const void* bytes, std::size_t count) { XXH3_128bits_update(state_.get(), bytes, count); }
  void add(std::uint64_t number) { add(&number, sizeof number); }
  void add(std::string_view text) {
    add(std::uint64_t{text.size()});
    add(text.data(), text.size());
  }
  std::string text() const {
    const XXH128_hash_t hash = XXH3_128bits_digest(state_.get());
    return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
  }

 private:
  std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> state_;
};

class FileParts {
 public:
  FileParts(const fs::path& file, Hash& hash) : file_(file), hash_(hash) {
    require_regular_file(file);
    in_.open(file, std::ios::binary);
    if (!in_) throw ConfigError(fmt::format("{}: cannot be opened", file.string()));
    size_ = fs::file_size(file);
  }
  std::uintmax_t size() const { return size_; }

  void add(std::uintmax_t from, std::uintmax_t count) {
    in_.seekg(static_cast<std::streamoff>(from));
    while (count > 0) {
      bytes_.resize(static_cast<std::size_t>(std::min(count, kPart)));
      in_.read(bytes_.data(), static_cast<std::streamsize>(bytes_.size()));
      if (static_cast<std::size_t>(in_.gcount()) != bytes_.size()) {
        throw ConfigError(fmt::format("{}: cannot be read to its end; is it being written?", file_.string()));
      }
      hash_.add(bytes_.data(), bytes_.size());
      count -= bytes_.size();
    }
  }

  // Where the tensors of a safetensors file begin: its length is the first thing in it.
  std::uintmax_t header() {
    std::uint64_t length = 0;
    if (file_.extension() != ".safetensors") return 0;
    in_.seekg(0);
    in_.read(reinterpret_cast<char*>(&length), sizeof length);
    return std::min<std::uintmax_t>(length, size_ - sizeof length) + sizeof length;
  }

 private:
  const fs::path& file_;
  Hash& hash_;
  std::ifstream in_;
  std::uintmax_t size_ = 0;
  std::vector<char> bytes_;
};

// Whether every byte counted.
bool add_file(Hash& hash, const fs::path& file, DigestKind kind) {
  FileParts parts(file, hash);
  const std::uintmax_t size = parts.size();
  hash.add(std::uint64_t{size});
  if (kind == DigestKind::full || size <= kWhole) {
    parts.add(0, size);
    return true;
  }
  hash.add(static_cast<std::uint64_t>(fs::last_write_time(file).time_since_epoch().count()));
  parts.add(0, std::max(kPart, parts.header()));
  for (std::uintmax_t i = 0; i < kBlocks; ++i) parts.add((size - kBlock) / (kBlocks - 1) * i, kBlock);
  parts.add(size - kPart, kPart);
  return false;
}

std::vector<fs::path> files_of(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const fs::path& path = entry.path();
    if (entry.is_regular_file() && path.extension() != ".md" && !path.filename().string().starts_with('.'))
      files.push_back(path);
  }
  std::ranges::sort(files);
  return files;
}

}  // namespace

std::string digest(const fs::path& path, DigestKind kind) {
  Hash hash;
  bool whole = true;
  if (fs::is_directory(path)) {
    for (const fs::path& file : files_of(path)) {
      hash.add(file.filename().string());
      whole = add_file(hash, file, kind) && whole;
    }
  } else {
    whole = add_file(hash, path, kind);
  }
  return (whole ? "full:" : "sampled:") + hash.text();
}

}  // namespace speclab
