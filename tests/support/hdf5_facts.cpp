#include "tests/support/hdf5_facts.h"

#include <hdf5.h>

#include <stdexcept>

namespace speclab {
namespace {

using Facts = std::map<std::string, std::string>;

// Type and extent, then the bytes; of text of any length, the text.
std::string facts_of(hid_t type, hid_t space, const auto& read) {
  std::size_t length = 0;
  H5Tencode(type, nullptr, &length);
  std::string fact(length, '\0');
  H5Tencode(type, fact.data(), &length);
  const hssize_t count = H5Sget_simple_extent_npoints(space);
  fact += "|" + std::to_string(count) + "|";
  if (H5Tis_variable_str(type) > 0) {
    char* text = nullptr;
    if (count != 1 || read(&text) < 0) throw std::runtime_error("texts of any length cannot be compared");
    fact += text == nullptr ? "" : text;
    H5free_memory(text);
    return fact;
  }
  std::string bytes(static_cast<std::size_t>(count) * H5Tget_size(type), '\0');
  if (!bytes.empty() && read(bytes.data()) < 0) throw std::runtime_error("a dataset cannot be read");
  return fact + bytes;
}

struct Visit {
  Facts* facts;
  std::string object;
};

herr_t visit_attribute(hid_t object, const char* name, const H5A_info_t*, void* data) {
  auto& visit = *static_cast<Visit*>(data);
  const hid_t attribute = H5Aopen(object, name, H5P_DEFAULT);
  const hid_t type = H5Aget_type(attribute), space = H5Aget_space(attribute);
  (*visit.facts)[visit.object + "@" + name] =
      facts_of(type, space, [&](void* to) { return H5Aread(attribute, type, to); });
  H5Sclose(space);
  H5Tclose(type);
  H5Aclose(attribute);
  return 0;
}

herr_t visit_object(hid_t root, const char* name, const H5L_info_t*, void* data) {
  Facts& facts = *static_cast<Facts*>(data);
  const std::string path = std::string("/") + name;
  if (path.ends_with("/provenance")) return 0;
  const hid_t object = H5Oopen(root, name, H5P_DEFAULT);
  facts[path];
  if (H5Iget_type(object) == H5I_DATASET) {
    const hid_t type = H5Dget_type(object), space = H5Dget_space(object);
    facts[path] = facts_of(
        type, space, [&](void* to) { return H5Dread(object, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, to); });
    H5Sclose(space);
    H5Tclose(type);
  }
  Visit visit{&facts, path};
  H5Aiterate(object, H5_INDEX_NAME, H5_ITER_INC, nullptr, visit_attribute, &visit);
  H5Oclose(object);
  return 0;
}

}  // namespace

Facts hdf5_facts(const std::filesystem::path& path) {
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  if (file < 0) throw std::runtime_error(path.string() + " is no HDF5 file");
  Facts facts;
  visit_object(file, ".", nullptr, &facts);
  H5Lvisit(file, H5_INDEX_NAME, H5_ITER_INC, visit_object, &facts);
  H5Fclose(file);
  return facts;
}

}  // namespace speclab
