#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "analysis/certificate/trace.h"
#include "core/errors.h"
#include "tests/support/temporary_folder.h"

namespace speclab {

// Writes a trace to a file and reads it again.
class WrittenTrace : public testing::Test {
 protected:
  TraceOutcome read(const std::vector<nlohmann::json>& records) {
    std::string lines;
    for (const nlohmann::json& record : records) lines += record.dump() + "\n";
    return read_text(lines);
  }
  TraceOutcome read_text(const std::string& text) {
    std::ofstream(file()) << text;
    return read_trace(file(), 5);
  }
  std::filesystem::path file() const { return folder_.path() / "trace"; }

  // The message without the file's name.
  std::string refusal(const std::string& text) {
    try {
      read_text(text);
    } catch (const ConfigError& error) {
      const std::string message = error.what();
      EXPECT_TRUE(message.starts_with(file().string() + ":")) << message;
      return message.substr(file().string().size() + 1);
    }
    return "it was accepted";
  }

  TemporaryFolder folder_;
};

}  // namespace speclab
