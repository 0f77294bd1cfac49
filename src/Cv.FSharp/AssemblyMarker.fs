namespace Cv.FSharp

/// Marks this assembly until its first real module arrives.
type internal AssemblyMarker = class end
