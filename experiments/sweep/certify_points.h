#pragma once

#include <filesystem>
#include <string>

#include "analysis/certificate/certificate.h"
#include "core/results/hdf5.h"
#include "core/results/recorder.h"
#include "experiments/certify/subject.h"
#include "experiments/config/config_file.h"
#include "experiments/point/point_runner.h"

namespace speclab {

// A point as what is certified. It refers to the runner.
Subject subject_of(PointRunner& runner);

// What is printed of certificates: each as it is made, or only what they come to.
enum class CertificateDetail : bool { summary, whole };

// Certifies every point of an experiment into the file at `path`, which after each holds all so far. Returns
// the worst verdict: lossy, then undecided, then lossless. ConfigError before anything runs where the
// settings of a point are wrong, or where no point is left to certify.
Decision certify_points(const Experiment& experiment, const std::filesystem::path& path,
                        const Provenance& made, CertificateDetail detail);

// A file of that format that says who made it.
Hdf5File new_certificate_file(const std::filesystem::path& path, const std::string& format,
                              const Provenance& made);

}  // namespace speclab
