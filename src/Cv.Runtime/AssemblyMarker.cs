namespace Cv.Runtime;

/// <summary>Marks this assembly until its first real type arrives.</summary>
internal static class AssemblyMarker;
