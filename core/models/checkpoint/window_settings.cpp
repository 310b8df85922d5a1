#include "core/models/checkpoint/window_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

namespace speclab {
namespace {

constexpr int kUsualWindow = 4096;  // where a file does not say
constexpr int kUsualMaxWindowLayers = 28;

// By layer, whether it has a window; nothing where the file does not say.
std::optional<std::vector<bool>> read_layer_types(const JsonSettings& settings, int layers) {
  if (!settings.has("layer_types")) return std::nullopt;
  const nlohmann::json& given = settings.at("layer_types");
  if (!given.is_array() || given.size() != static_cast<std::size_t>(layers)) {
    settings.refuse(
        fmt::format("'layer_types' is no list of {} entries, one for each of 'num_hidden_layers'", layers));
  }
  std::vector<bool> windowed;
  for (const nlohmann::json& type : given) {
    if (type != "full_attention" && type != "sliding_attention") {
      settings.refuse(
          fmt::format("'layer_types' has {}; only \"full_attention\" and \"sliding_attention\" can "
                      "be run",
                      type.dump()));
    }
    windowed.push_back(type == "sliding_attention");
  }
  return windowed;
}

// 0: none. A key that is not there is not the same as null.
int window_of(const JsonSettings& settings) {
  return settings.mentions("sliding_window") ? settings.count("sliding_window", 0) : kUsualWindow;
}

bool any(const std::vector<bool>& windowed) { return std::ranges::find(windowed, true) != windowed.end(); }

}  // namespace

void read_windows(const JsonSettings& settings, LlamaConfig& config) {
  std::optional<std::vector<bool>> windowed = read_layer_types(settings, config.layers);
  const bool qwen = config.architecture.starts_with("Qwen"),
             mistral = config.architecture == "MistralForCausalLM";
  int window = 0;
  if (qwen) {
    if (settings.flag("use_sliding_window")) window = window_of(settings);
    const int full =
        settings.has("max_window_layers") ? settings.whole("max_window_layers", 0) : kUsualMaxWindowLayers;
    if (!windowed) {
      windowed.emplace(static_cast<std::size_t>(config.layers), false);
      if (window > 0) std::fill(windowed->begin() + std::min(full, config.layers), windowed->end(), true);
    }
  } else if (mistral) {
    window = window_of(settings);
    if (window > 0 && settings.has("use_sliding_window") && !settings.flag("use_sliding_window")) {
      settings.refuse(
          fmt::format("'use_sliding_window' is false and 'sliding_window' is {}, of which "
                      "MistralForCausalLM reads only the latter; leave one of them out",
                      window));
    }
    if (!windowed) windowed.emplace(static_cast<std::size_t>(config.layers), window > 0);
  } else {
    window = settings.count("sliding_window", 0);
    if (!windowed) windowed.emplace(static_cast<std::size_t>(config.layers), window > 0);
    if (any(*windowed) && window == 0) {
      settings.refuse(
          fmt::format("'layer_types' has \"sliding_attention\", but there is no 'sliding_window'; {} has no "
                      "windows in transformers, MistralForCausalLM has: leave 'layer_types' out where all "
                      "layers see the whole text",
                      config.architecture));
    }
    if (any(*windowed) && window < config.max_positions) {
      settings.refuse(
          fmt::format("'sliding_window' is {}, which {} does not read in transformers and reads in "
                      "vLLM; MistralForCausalLM has windows",
                      window, config.architecture));
    }
  }
  if (any(*windowed) && window == 0) {
    settings.refuse(
        "'layer_types' has \"sliding_attention\", but there is no 'sliding_window' that is in use");
  }
  if (!any(*windowed)) return;
  config.sliding_window = window;
  if (std::ranges::find(*windowed, false) != windowed->end()) config.windowed = std::move(*windowed);
}

}  // namespace speclab
