namespace Cv.Compiler;

/// <summary>Says what is made of a derivative by a node that the value does not depend on.</summary>
public enum Unreached
{
    /// <summary>An error: mostly a node was forgotten, or the wrong one taken.</summary>
    Error,

    /// <summary>Zeros of the node's type, or of the value's where tangents go forward.</summary>
    Zero,
}
