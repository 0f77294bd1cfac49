using System.Collections.Immutable;
using Cv.Dsl;

namespace Cv.Compiler;

/// <summary>
/// Groups nodes into kernels, in one walk. Steps stand in a list whose order is a valid order of execution, so a node may join the
/// latest step among its operands' without any search for cycles: everything else that it needs runs earlier. Cheap chains that depend
/// on leaves alone float: they are computed again inside each step that uses them.
/// </summary>
sealed class Fuse
{
    const int MaxMembers = 96;
    const int MaxFloating = 8;
    const int SmallFold = 1 << 14;

    readonly Graph _graph;
    readonly List<Step> _prologue = [];
    readonly List<Step> _steps = [];
    readonly Dictionary<Expr, Step> _home = [];
    readonly Dictionary<Expr, int> _floating = [];
    readonly HashSet<Expr> _readInPlace = [];

    Fuse(Graph graph) => _graph = graph;

    /// <summary>Makes the schedule of a bound, simplified and expanded graph.</summary>
    public static Schedule Run(Graph graph)
    {
        graph = CopyLeafRoots(graph);
        var fuse = new Fuse(graph);
        fuse.FindFoldableTransposes();
        foreach (var e in graph.Nodes)
            fuse.Place(e);
        foreach (var root in graph.Roots)
            fuse.Materialise(Geometry.Source(root));
        return Order.Run(graph, [.. fuse._prologue, .. fuse._steps]);
    }

    /// <summary>Gives each root a node of its own that is computed, where it is only a leaf.</summary>
    static Graph CopyLeafRoots(Graph graph)
    {
        Expr Copy(Expr root) =>
            Geometry.Source(root) is { Op: Leaf } leaf ? Expr.Of(new Broadcast(leaf.Shape), leaf).Reshape(root.Shape) : root;
        return new([.. graph.Outputs.Select(Copy)], [.. graph.Updates.Select(u => u with { Value = Copy(u.Value) })]);
    }

    void FindFoldableTransposes()
    {
        foreach (var e in _graph.Nodes)
            if (GemmStep.IsFoldable(e))
                _readInPlace.Add(e);
        foreach (var e in _graph.Nodes)
            if (e.Op is not MatMul)
                foreach (var operand in e.Operands)
                    _readInPlace.Remove(operand);
        foreach (var root in _graph.Roots)
            _readInPlace.Remove(root);
    }

    void Place(Expr e)
    {
        switch (e.Op)
        {
            case Leaf or Reshape:
                break;
            case MatMul:
                Append(new GemmStep(e));
                break;
            case Elementwise or Broadcast:
                PlaceElementwise(e);
                break;
            case Reduction:
                PlaceReduction(e);
                break;
            default:
                if (!_readInPlace.Contains(e))
                    Append(new MoveStep(e));
                break;
        }
    }

    void PlaceElementwise(Expr e)
    {
        if (Latest(e) is { } step)
        {
            if (!TryJoin(step, e))
                Append(NewLoop(e));
            return;
        }
        int cost = 1 + e.Operands.Sum(o => _floating.GetValueOrDefault(Geometry.Source(o)));
        if (cost > MaxFloating || IsCostly(e.Op) || IsFloatCast(e))
            Append(NewLoop(e));
        else
            _floating[e] = cost;
    }

    void PlaceReduction(Expr e)
    {
        if (Latest(e) is LoopStep step && TryJoin(step, e))
            return;
        var operand = e.Operands[0];
        var fresh = new LoopStep(operand.Shape.Size) { Lane = Lane(e) };
        Import(fresh, operand, operand.Shape, Role.Full);
        if (!TryFold(fresh, e))
            throw new InvalidOperationException($"fuse: {e} of {operand} fits no kernel.");
        Append(fresh);
    }

    LoopStep NewLoop(Expr e)
    {
        bool cast = IsFloatCast(e);
        var step = new LoopStep(e.Shape.Size) { Lane = cast ? DType.F64 : Lane(e), IsClosed = cast };
        foreach (var operand in e.Operands)
            Import(step, operand, e.Shape, Role.Full);
        Include(step, e, Role.Full);
        return step;
    }

    /// <summary>Gives a node that is still floating a step of its own, before all others: it depends on leaves alone.</summary>
    void Materialise(Expr e)
    {
        if (!_floating.ContainsKey(e) || _home.ContainsKey(e))
            return;
        var step = NewLoop(e);
        step.IsClosed = true; // what would join might need a step that is made later
        step.Order = -1;
        _prologue.Add(step);
        _home[e] = step;
        _floating.Remove(e);
    }

    void Append(Step step)
    {
        foreach (var read in step.Reads().ToList())
            Materialise(read);
        foreach (var member in step.Members)
            if (!_floating.ContainsKey(member))
                _home[member] = step;
        step.Order = _steps.Count;
        _steps.Add(step);
    }

    Step? Latest(Expr e)
    {
        Step? latest = null;
        foreach (var operand in e.Operands)
            if (_home.TryGetValue(Geometry.Source(operand), out var home) && (latest is null || home.Order > latest.Order))
                latest = home;
        return latest;
    }

    bool TryJoin(Step step, Expr e)
    {
        if (step.Members.Count >= MaxMembers || step.IsClosed || IsFloatCast(e) || !SameLanes(step, e))
            return false;
        bool joined = step switch
        {
            GemmStep gemm => TryEpilogue(gemm, e),
            LoopStep loop => e.Op is Reduction ? TryFold(loop, e) : TryExtend(loop, e),
            _ => false,
        };
        if (joined)
            _home[e] = step;
        return joined;
    }

    /// <summary>Adds an elementwise node to the tile loop of a product of its own shape.</summary>
    bool TryEpilogue(GemmStep gemm, Expr e)
    {
        var shape = gemm.Product.Shape;
        if (e.Op is Reduction || e.Shape != shape)
            return false;
        foreach (var operand in e.Operands)
        {
            bool inside = gemm.Roles.ContainsKey(Geometry.Source(operand));
            if (inside ? operand.Shape != shape : shape.Rank > 2 && operand.Shape != shape && !IsOne(operand.Shape))
                return false;
        }
        foreach (var operand in e.Operands)
            Import(gemm, operand, shape, Role.Full);
        Include(gemm, e, Role.Full);
        return true;
    }

    /// <summary>Adds an elementwise node to a loop, per element or per row.</summary>
    static bool FitsLoop(LoopStep loop, Expr e, Role role)
    {
        foreach (var operand in e.Operands)
        {
            bool inside = loop.Roles.TryGetValue(Geometry.Source(operand), out var has);
            bool fits = (role, inside, has) switch
            {
                (_, true, Role.One) => true,
                (Role.Full, true, Role.Full) => operand.Shape == e.Shape,
                (Role.Full, true, Role.Row) => Geometry.IsPerRow(operand.Shape, e.Shape, loop.Columns),
                (Role.Full, false, _) => loop.Columns == 0 || Geometry.ColumnStride(operand, e.Shape, loop.Columns) is not null,
                (Role.Row, true, Role.Row) => operand.Shape == e.Shape,
                (Role.Row, false, _) => true,
                _ => false,
            };
            if (!fits)
                return false;
        }
        return true;
    }

    bool TryExtend(LoopStep loop, Expr e)
    {
        Role role;
        if (e.Shape.Size == loop.Size)
            role = Role.Full;
        else if (loop.Columns != 0 && e.Shape.Size == loop.Size / loop.Columns)
            role = Role.Row;
        else
            return false;
        if (!FitsLoop(loop, e, role))
            return false;
        foreach (var operand in e.Operands)
            Import(loop, operand, e.Shape, role);
        Include(loop, e, role);
        return true;
    }

    /// <summary>Adds a reduction of a value in the loop: along rows, or across them.</summary>
    static bool TryFold(LoopStep loop, Expr e)
    {
        var operand = e.Operands[0];
        var (outer, folded, inner) = Geometry.Fold(operand.Shape, ((Reduction)e.Op).Axes);
        bool inside = loop.Roles.TryGetValue(Geometry.Source(operand), out var role);
        if (inside && role == Role.Row)
            return outer == 1 && inner == 1 && loop.Outer == 1 && Add(Role.Tail);
        if (inside && role != Role.Full)
            return false;
        if (inner == 1 && outer == 1 && (loop.Columns == 0 ? folded > SmallFold : loop.Columns != folded))
            return loop.Outer == 1 && Add(Role.Tail);
        if (inner == 1)
            return Decide(loop, folded) && Add(Role.Row);
        if (loop.Outer != outer && loop.Roles.ContainsValue(Role.Tail))
            return false;
        if (!Decide(loop, inner))
            return false;
        loop.Outer = outer;
        return Add(Role.Tail);

        bool Add(Role as_)
        {
            Include(loop, e, as_);
            return true;
        }
    }

    /// <summary>Fixes the length of a row, if every value read from outside can be walked so.</summary>
    static bool Decide(LoopStep loop, int columns)
    {
        if (loop.Columns == columns)
            return true;
        if (loop.Columns != 0 || columns == 0)
            return false;
        foreach (var member in loop.Members)
        foreach (var operand in member.Operands)
            if (
                loop.Roles[member] == Role.Full
                && !loop.Roles.ContainsKey(Geometry.Source(operand))
                && Geometry.ColumnStride(operand, member.Shape, columns) is null
            )
                return false;
        loop.Columns = columns;
        return true;
    }

    /// <summary>Brings an operand into reach: computes a floating chain inside the step, or leaves it to be read.</summary>
    void Import(Step step, Expr operand, Shape shape, Role role)
    {
        var source = Geometry.Source(operand);
        if (step.Roles.ContainsKey(source) || !_floating.ContainsKey(source))
            return;
        Role? inner =
            source.Shape == shape && operand == source ? role
            : IsOne(source.Shape) ? Role.One
            : null;
        if (
            inner is null
            || step.IsClosed
            || step.Members.Count + MaxFloating > MaxMembers
            || !SameLanes(step, source)
            || IsFloatCast(source)
        )
        {
            Materialise(source);
            return;
        }
        if (step is LoopStep loop && inner == Role.Full && !FitsLoop(loop, source, Role.Full))
        {
            Materialise(source);
            return;
        }
        foreach (var next in source.Operands)
            Import(step, next, source.Shape, inner.Value);
        Include(step, source, inner.Value);
    }

    static void Include(Step step, Expr e, Role role)
    {
        step.Members.Add(e);
        step.Roles[e] = role;
        step.Lane ??= Lane(e);
    }

    static bool IsOne(Shape shape) => shape.Size == 1;

    static bool IsCostly(Op op) => op is Exp or Log or Pow or Tanh or Sigmoid;

    static bool IsFloatCast(Expr e) => e is (Cast, [var x]) && e.DType.IsFloat() && x.DType.IsFloat();

    /// <summary>Tells whether a node computes in the float type of the step: one kernel has one width of lane.</summary>
    static bool SameLanes(Step step, Expr e) => Lane(e) is not { } lane || step.Lane is not { } other || other == lane;

    static DType? Lane(Expr e) =>
        e.DType.IsFloat() ? e.DType : e.Operands.Select(o => o.DType).Where(d => d.IsFloat()).Select(d => (DType?)d).FirstOrDefault();
}
