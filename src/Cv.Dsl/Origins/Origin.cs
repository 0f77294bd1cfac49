using System.Globalization;
using System.Reflection;

namespace Cv.Dsl;

/// <summary>
/// Says where a node comes from: the line of the author's program that built it first, and, for a node that was derived from another, how. What passes and
/// gradients make has the line of what it was made from. Prints as <c>Net.cs:12</c>, or <c>Net.cs:12, in the gradient of exp</c>.
/// </summary>
/// <remarks>
/// The line is the one that the runtime's stack shows: the innermost frame outside this library and the framework. Code that was optimised or calls in tail
/// position (F# in Release) may show its caller's. Without debug symbols it is the method's name. The symbols are read when it is printed, and not before.
/// </remarks>
public sealed class Origin
{
    readonly MethodBase? _method;
    readonly int _offset;

    internal Origin(MethodBase? method, int offset, string? derivation = null) =>
        (_method, _offset, Derivation) = (method, offset, derivation);

    /// <summary>Gives the path of the source file as the compiler wrote it down; null without debug symbols.</summary>
    public string? Path => Found?.Path;

    /// <summary>Gives the line, counted from 1; null without debug symbols.</summary>
    public int? Line => Found?.Line;

    /// <summary>Says how the node was derived, <c>gradient of exp</c>, say; null for one that the author built.</summary>
    public string? Derivation { get; }

    /// <summary>Prints the line alone, Net.cs:12, or the method's name where no symbols tell the line; null where neither is known.</summary>
    public string? Place =>
        Found is var (path, line) ? string.Create(CultureInfo.InvariantCulture, $"{path[(path.LastIndexOfAny(['/', '\\']) + 1)..]}:{line}")
        : _method is null ? null
        : SourceLines.NameOf(_method);

    /// <summary>Prints the line, and how the node was derived.</summary>
    public override string ToString() =>
        string.Join(", ", new[] { Place, Derivation is null ? null : $"in the {Derivation}" }.OfType<string>());

    /// <summary>Gives the same line for what is derived from the node.</summary>
    internal static Origin Derived(Origin? from, string derivation) => new(from?._method, from?._offset ?? 0, derivation);

    (string Path, int Line)? Found => _method is null ? null : SourceLines.Find(_method, _offset);
}
