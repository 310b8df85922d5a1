#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/models/tokenizer/tokenizer.h"

namespace speclab {

struct Request {
  std::vector<Token> prompt;
  std::string label;  // the kind of text, as results have it
  int line = 0;       // of the prompts' file, counted from 1; 0: synthetic
  int leading = 0;  // the prompt's first so many tokens were put before the text, like a begin-of-text token
  int unknown = 0;  // characters of the text that its tokenizer has no token for
};

// Whether texts get the tokens that a tokenizer puts around them.
enum class AddBos {
  as_tokenizer,  // as the post-processor of its tokenizer.json says
  yes,           // likewise, or where it puts none before a text, Tokenizer::bos
  no             // nothing is put around: for texts that a template has rendered
};

struct PromptFile {
  std::vector<Request> requests;
  std::vector<std::string> remarks;  // as Provenance has them
};

// The prompts of a JSON Lines file in UTF-8: an object a line with a text ("text", "prompt", "question"; of
// "turns", the first) or tokens ("tokens", "token_ids", "prompt_token_ids", "input_ids"), and perhaps the
// kind of text ("kind", "category"; the file's name otherwise). Labels longer than results hold are cut, and
// stay distinct. ConfigError with file and line where a line is none of that, or has tokens that are none of
// the first `vocab`.
PromptFile read_prompts(const std::filesystem::path& file, const Tokenizer& tokenizer, int vocab,
                        AddBos add_bos);

// What is to be said where texts have characters that the tokenizer has no token for; empty where none has.
std::string unknown_characters(const std::vector<Request>& requests, const Tokenizer& tokenizer,
                               const std::string& file);

}  // namespace speclab
