#include "core/models/tokenizer/post_processor.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace speclab {
namespace {

constexpr std::size_t kMaxTokensAround = 1024;

std::vector<Token> special_tokens(const Component& processor, const std::string& name) {
  const Component known = processor.part("special_tokens");
  if (!known.has(name)) known.refuse(fmt::format("'{}' is missing, which the template names", name));
  std::vector<Token> tokens;
  for (const Component& id : known.part(name).parts("ids")) {
    if (!id.json().is_number_unsigned() || id.json().get<std::uint64_t>() > 1'000'000'000) {
      id.refuse("is not a token");
    }
    tokens.push_back(id.json().get<Token>());
  }
  return tokens;
}

PostProcessor from_template(const Component& component) {
  std::vector<Token> before;
  std::vector<Token> after;
  bool seen_text = false;
  for (const Component& part : component.parts("single")) {
    if (part.has("Sequence")) {
      if (seen_text || part.part("Sequence").text("id") != "A") part.refuse("is not the only sequence, A");
      seen_text = true;
      continue;
    }
    const std::string name = part.part("SpecialToken").text("id");
    std::vector<Token>& side = seen_text ? after : before;
    const std::vector<Token> tokens = special_tokens(component, name);
    side.insert(side.end(), tokens.begin(), tokens.end());
    if (side.size() > kMaxTokensAround) component.refuse("'single' puts thousands of tokens around a text");
  }
  if (!seen_text) component.refuse("'single' has no sequence");
  return [before, after](std::vector<Token>& tokens) {
    tokens.insert(tokens.begin(), before.begin(), before.end());
    tokens.insert(tokens.end(), after.begin(), after.end());
  };
}

PostProcessor in_sequence(std::vector<PostProcessor> steps) {
  return [steps = std::move(steps)](std::vector<Token>& tokens) {
    for (const PostProcessor& step : steps) step(tokens);
  };
}

}  // namespace

PostProcessor make_post_processor(const Component& component) {
  if (component.is("ByteLevel", {"add_prefix_space", "trim_offsets", "use_regex"}))
    return [](std::vector<Token>&) {};  // it only trims offsets
  if (component.is("TemplateProcessing", {"single", "pair", "special_tokens"}))
    return from_template(component);
  if (component.is("Sequence", {"processors"})) {
    std::vector<PostProcessor> steps;
    for (const Component& part : component.parts("processors")) steps.push_back(make_post_processor(part));
    return in_sequence(std::move(steps));
  }
  component.refuse_type("ByteLevel, TemplateProcessing and Sequence");
}

}  // namespace speclab
