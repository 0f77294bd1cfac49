using System.Collections.Immutable;
using Cv.Dsl;

namespace Cv.Compiler;

/// <summary>Says how often a fused value is computed in its kernel.</summary>
enum Role
{
    /// <summary>Once per element.</summary>
    Full,

    /// <summary>Once per row: a row's reduction, or a value made of such.</summary>
    Row,

    /// <summary>Once in all.</summary>
    One,

    /// <summary>Across rows: complete only when the kernel has ended.</summary>
    Tail,
}

/// <summary>Holds one kernel-to-be: the nodes that run together.</summary>
abstract class Step
{
    /// <summary>Gives the fused nodes, operands first.</summary>
    public List<Expr> Members { get; } = [];

    /// <summary>Gives the members whose values leave the kernel; set when the schedule is complete.</summary>
    public ImmutableArray<Expr> Stored { get; set; } = [];

    /// <summary>Gives the role of each member.</summary>
    public Dictionary<Expr, Role> Roles { get; } = [];

    /// <summary>Gives the nodes that are computed while a factor is copied, operands first. They are no members: nothing else in the kernel has them.</summary>
    public List<Expr> Prologue { get; } = [];

    /// <summary>Gives the factors among them: what is multiplied, though no buffer holds it.</summary>
    public List<Expr> Computed { get; } = [];

    /// <summary>Lists the factors that the kernel copies before it multiplies, so that it may as well compute them.</summary>
    public virtual IEnumerable<Expr> Copied => [];

    /// <summary>Tells whether an operand of a factor's chain can be had where the factor is copied.</summary>
    public virtual bool Feeds(Expr factor, Expr operand) => false;

    /// <summary>Names the nodes of the prologue, as kernels' names do.</summary>
    public string Lead => Named(Prologue);

    /// <summary>Names the nodes of the prologue that one of the computed factors is made of.</summary>
    public string LeadOf(Expr factor)
    {
        var made = new HashSet<Expr> { factor };
        foreach (var m in Enumerable.Reverse(Prologue))
            if (made.Contains(m))
                made.UnionWith(m.Operands);
        return Computed.Contains(factor) ? Named(Prologue.Where(made.Contains)) : "";
    }

    static string Named(IEnumerable<Expr> nodes) => string.Concat(nodes.Select(m => m.Op.Name + "+"));

    /// <summary>Gives the float type that the kernel computes in, once a member has decided it.</summary>
    public DType? Lane { get; set; }

    /// <summary>Gives the node that is computed in register tiles, if the kernel has such.</summary>
    public virtual Expr? Tiled => null;

    /// <summary>Gives the tile to use instead of the cost model's: see <see cref="Tuner"/>.</summary>
    public (int Rows, int Vectors)? Tile { get; set; }

    /// <summary>Tells that no further node may join.</summary>
    public bool IsClosed { get; set; }

    /// <summary>Gives the place in the order of making; steps made on demand from leaves alone come before all others.</summary>
    public int Order { get; set; }

    /// <summary>Lists the nodes whose buffers the kernel reads.</summary>
    public IEnumerable<Expr> Reads() =>
        Operands()
            .Select(Geometry.Source)
            .Where(s => !Roles.ContainsKey(s))
            .Concat(Prologue.SelectMany(m => m.Operands).Where(o => !Prologue.Contains(o)).Select(Geometry.Source))
            .Where(s => s.Op is not (Const or Iota))
            .Distinct();

    /// <summary>Lists the nodes that must be computed before the kernel runs, though it does not read them.</summary>
    public IEnumerable<Expr> Waits() =>
        Operands()
            .Concat(Prologue.SelectMany(m => m.Operands))
            .SelectMany(Geometry.Waits)
            .Where(s => !Roles.ContainsKey(s) && !Prologue.Contains(s))
            .Distinct();

    /// <summary>Lists the operands of the members, as the kernel reads them.</summary>
    protected virtual IEnumerable<Expr> Operands() => Members.SelectMany(m => m.Operands);
}

/// <summary>Runs loops over rows and columns: elementwise chains, and the reductions that they feed.</summary>
sealed class LoopStep(int size) : Step
{
    /// <summary>Counts the elements of a full value.</summary>
    public int Size { get; } = size;

    /// <summary>Counts the elements of a row; 0 while no reduction has decided it.</summary>
    public int Columns { get; set; }

    /// <summary>Counts the separate results of a fold of rows: 1, unless a reduction keeps outer dims.</summary>
    public int Outer { get; set; } = 1;

    /// <summary>Tells that the rows of one of these results lie scattered: every <see cref="Outer"/>-th row is one of them.</summary>
    public bool IsStrided { get; set; }
}

/// <summary>Moves elements: transposes, slices, pads and joins.</summary>
sealed class MoveStep : Step
{
    public MoveStep(Expr node)
    {
        Node = node;
        IsClosed = true;
        Members.Add(node);
        Roles[node] = Role.Full;
    }

    public Expr Node { get; }
}

/// <summary>Runs the steps of a scan: its members are the scan, which has no buffer, and its parts, which have one each.</summary>
sealed class ScanStep : Step
{
    public ScanStep(Expr node)
    {
        Node = node;
        IsClosed = true;
        Join(node);
    }

    public Expr Node { get; }

    /// <summary>Adds a part of the results.</summary>
    public void Join(Expr part)
    {
        Members.Add(part);
        Roles[part] = Role.Full;
    }
}

/// <summary>Lists the kernels of a graph in the order they run, and the updates that may be made in place.</summary>
/// <param name="Graph">The graph, bound, simplified and expanded.</param>
/// <param name="Steps">The kernels.</param>
/// <param name="InPlace">The updates whose value may be written straight into the target's buffer.</param>
sealed record Schedule(Graph Graph, ImmutableArray<Step> Steps, ImmutableHashSet<Update> InPlace)
{
    /// <summary>Gives the steps that compute a value again, and the value: later steps read this one.</summary>
    public ImmutableDictionary<Step, Expr> Again { get; init; } = ImmutableDictionary<Step, Expr>.Empty;
}
