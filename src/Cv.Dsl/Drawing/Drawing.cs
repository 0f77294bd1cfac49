using System.Collections.Immutable;
using System.Globalization;

namespace Cv.Dsl;

/// <summary>Says what a box stands for, and so what it looks like.</summary>
enum BoxKind
{
    /// <summary>A value that a call gives.</summary>
    Input,

    /// <summary>A parameter or state: what lives between calls.</summary>
    Memory,

    /// <summary>A constant array or a count.</summary>
    Constant,

    /// <summary>An op that the author wrote.</summary>
    Operation,

    /// <summary>An op that a gradient or an optimiser made.</summary>
    Derived,

    /// <summary>The end of what is drawn: an update, or the nodes that are left out.</summary>
    End,
}

/// <summary>Is one box of a drawing.</summary>
/// <param name="Id">The name that arrows use.</param>
/// <param name="Kind">What it looks like.</param>
/// <param name="Lines">The text: op and attributes, type, source line.</param>
/// <param name="IsResult">Whether it is what was asked for.</param>
sealed record Box(string Id, BoxKind Kind, ImmutableArray<string> Lines, bool IsResult);

/// <summary>Is one arrow of a drawing, from an operand to its user.</summary>
/// <param name="From">The operand's box.</param>
/// <param name="To">The user's box.</param>
/// <param name="Place">The operand's number, from 1, where the user has several.</param>
sealed record Arrow(string From, string To, int? Place);

/// <summary>
/// Chooses what of a graph is drawn, for whatever tool: a box a node, an arrow an operand, constants in place. Of a long graph, the nodes nearest to the
/// results are drawn, and one box stands for all before them.
/// </summary>
sealed class Drawing
{
    const int LongestLine = 60;
    const string Rest = "rest";

    readonly Dictionary<Expr, string> _ids = [];

    public Drawing(ImmutableArray<Expr> results, ImmutableArray<(string Label, Expr Value)> ends, int most)
    {
        if (most < 1)
            throw new GraphException($"draw: at least 1 node must be drawn; got {most}. Leave it out for the tool's usual number.");
        var nodes = Expr.Nodes([.. results, .. ends.Select(e => e.Value)]).Where(e => e.Op is not Const || results.Contains(e)).ToList();
        int left = Math.Max(0, nodes.Count - most);
        var boxes = ImmutableArray.CreateBuilder<Box>();
        var arrows = ImmutableArray.CreateBuilder<Arrow>();
        if (left > 0)
            boxes.Add(new(Rest, BoxKind.End, [string.Create(CultureInfo.InvariantCulture, $"{left} more nodes before")], false));
        foreach (var e in nodes.Skip(left))
        {
            string id = _ids[e] = string.Create(CultureInfo.InvariantCulture, $"n{_ids.Count}");
            boxes.Add(new(id, KindOf(e), [.. LinesOf(e).Select(Shortened)], results.Contains(e)));
            var drawn = e.Operands.Where(o => o.Op is not Const).ToList();
            var from = drawn.Select((o, i) => new Arrow(_ids.GetValueOrDefault(o, Rest), id, drawn.Count > 1 ? i + 1 : null));
            // what is left out counts once
            arrows.AddRange(
                from.Where(a => a.From != Rest).Concat(from.Where(a => a.From == Rest).Take(1).Select(a => a with { Place = null }))
            );
        }
        for (int i = 0; i < ends.Length; i++)
        {
            string id = string.Create(CultureInfo.InvariantCulture, $"u{i}");
            boxes.Add(new(id, BoxKind.End, [Shortened(ends[i].Label)], true));
            if (ends[i].Value.Op is not Const)
                arrows.Add(new(_ids.GetValueOrDefault(ends[i].Value, Rest), id, null));
        }
        (Boxes, Arrows) = (boxes.ToImmutable(), arrows.ToImmutable());
    }

    public ImmutableArray<Box> Boxes { get; }
    public ImmutableArray<Arrow> Arrows { get; }

    static BoxKind KindOf(Expr e) =>
        e.Op switch
        {
            Input => BoxKind.Input,
            Parameter or State => BoxKind.Memory,
            Leaf => BoxKind.Constant,
            _ => e.Origin?.Derivation is null ? BoxKind.Operation : BoxKind.Derived,
        };

    static IEnumerable<string> LinesOf(Expr e)
    {
        yield return $"{e.Op.Name}{e.Op.Attributes}{Constants(e)}";
        yield return e.Type.ToString();
        if (e.Origin?.ToString() is { Length: > 0 } origin)
            yield return origin;
    }

    /// <summary>Writes constant operands in place, with a dash for each of the others: "sub 1 _".</summary>
    static string Constants(Expr e) =>
        e.Operands.Any(o => o.Op is Const) ? string.Concat(e.Operands.Select(o => o.Op is Const ? o.Op.Attributes : " _")) : "";

    static string Shortened(string line) => line.Length <= LongestLine ? line : line[..(LongestLine - 3)] + "...";
}
