using Cv.Dsl;

namespace Cv.Testing;

/// <summary>Reports an op or a function that an oracle cannot run; differences can.</summary>
sealed class UnknownToOracleException(string message) : GraphException(message);
