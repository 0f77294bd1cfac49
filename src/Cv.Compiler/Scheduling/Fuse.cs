using System.Collections.Immutable;
using Cv.Dsl;

namespace Cv.Compiler;

/// <summary>
/// Groups nodes into kernels, in one walk. Steps stand in a list whose order is a valid order of execution, so a node may join the
/// latest step among its operands', or any later one, without a search for cycles: everything else that it needs runs earlier. Cheap chains
/// that depend on leaves alone float, and so do masks: they are computed again inside each step that uses them. Random numbers, and masks made of
/// them, float to the one step that uses them, or are drawn before all others if there are several.
/// </summary>
sealed partial class Fuse
{
    const int MaxMembers = 96;
    const int MaxFloating = 8;
    const int MaxRecomputed = 4;
    const int SmallPart = 4;
    const int LeastRecomputed = 1 << 12;
    const int SmallFold = 1 << 14;
    const int SmallLoop = 1 << 12;
    const int LookBack = 16;
    const int LeastPart = 4;
    const int MostScalars = 20; // so that a kernel of them is small enough to share a call with others

    readonly Graph _graph;
    readonly List<Step> _prologue = [];
    readonly List<Step> _steps = [];
    readonly Dictionary<Expr, Step> _home = [];
    readonly Dictionary<Expr, Float> _floating = [];
    readonly HashSet<Expr> _readInPlace = [];
    readonly HashSet<Expr> _isRead = [];

    Fuse(Graph graph) => _graph = graph;

    /// <summary>
    /// Describes a node that no step holds yet: the ops of its chain, the latest step that the chain reads, if any, and whether random numbers are drawn in it.
    /// </summary>
    readonly record struct Float(int Cost, Step? After, bool IsRandom = false);

    /// <summary>Makes the schedule of a bound, simplified and expanded graph.</summary>
    public static Schedule Run(Graph graph)
    {
        graph = CopyLeafRoots(graph);
        var fuse = new Fuse(graph);
        fuse.FindUsers();
        fuse.FindFoldableTransposes();
        foreach (var e in graph.Nodes)
            fuse.Place(e);
        foreach (var root in graph.Roots)
            fuse.WriteRoot(Geometry.Source(root));
        return Order.Run(graph, [.. fuse._prologue, .. fuse._steps]);
    }

    /// <summary>Gives each root a node of its own that is computed, where it is only a leaf.</summary>
    static Graph CopyLeafRoots(Graph graph)
    {
        Expr Copy(Expr root) =>
            Geometry.Source(root) is var leaf && Kernels.IsGiven(leaf.Op)
                ? Expr.Of(new Broadcast(leaf.Shape), leaf).Reshape(root.Shape)
                : root;
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
            case Reshape or Delay:
            case var op when Kernels.IsGiven(op):
                break;
            case Scan:
                Append(new ScanStep(e));
                break;
            case Part when e.Operands[0] is { Op: Scan } scan:
                ((ScanStep)_home[scan]).Join(e);
                _home[e] = _home[scan];
                break;
            case MatMul:
                Append(new GemmStep(e));
                break;
            case Conv2d or Conv2dInput when !IsEmpty(e):
                Append(new ConvStep(e));
                break;
            case Conv2dWeights when !IsEmpty(e):
                Append(new ConvWeightsStep(e));
                break;
            case Pooling when Kernels.IsPool(e.Op) && !IsEmpty(e):
                Append(new PoolStep(e));
                break;
            case Uniform:
                PlaceRandom(e);
                break;
            case Elementwise or Broadcast when Kernels.IsElementwise(e):
                PlaceElementwise(e);
                break;
            case Reduction when Kernels.IsFold(e.Op):
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
        var step = Latest(e);
        if (step is null && e.DType == DType.Bool && e.Operands.Any(IsRandom))
        {
            PlaceRandom(e);
            return;
        }
        int cost = 1 + e.Operands.Sum(o => _floating.GetValueOrDefault(Geometry.Source(o)).Cost);
        bool cheap = cost <= MaxFloating && !IsCostly(e.Op) && !IsFloatCast(e);
        bool light = cheap && cost <= MaxRecomputed;
        if (cheap && (step is null || e.DType == DType.Bool || (light && (IsCheaperThanMemory(e) || IsForFold(e)))))
            _floating[e] = new(cost, step);
        else if (step is not null && (TryJoin(step, e) || TryLater(step.Order, e)))
            return;
        else if (light && IsForProducts(e))
            _floating[e] = new(cost, step);
        else
            Append(NewLoop(e));
    }

    /// <summary>Lets random numbers, or a mask of them, float to their user; draws them once and for all where they have several. A mask is a byte each.</summary>
    void PlaceRandom(Expr e)
    {
        if (Latest(e) is not null)
        {
            Append(NewLoop(e));
            return;
        }
        // with a cost such that what is made of them does not float with them
        _floating[e] = new(MaxFloating, null, IsRandom: true);
        if (Users(e).Count > 1 || _roots.Contains(e))
            Materialise(e);
    }

    bool IsRandom(Expr operand) => _floating.GetValueOrDefault(Geometry.Source(operand)).IsRandom;

    /// <summary>
    /// Tells whether a node had better be computed where it is used than written and read: it walks one buffer that others read anyway, or
    /// none that is nearly as large as its value.
    /// </summary>
    bool IsCheaperThanMemory(Expr e)
    {
        if (e.Shape.Size < LeastRecomputed || Large(e) is not { Count: <= 1 } large)
            return false;
        return large.All(IsRead) || (large.All(b => IsRead(b) || IsWrittenAnyway(b)) && NeedsNoBuffer(e));
    }

    /// <summary>Tells whether a node only feeds a fold, which no product's tile can hold, and is made of buffers that are there in any case.</summary>
    bool IsForFold(Expr e) =>
        e.Shape.Size >= LeastRecomputed
        && Users(e) is [{ Op: var user }]
        && Kernels.IsFold(user)
        && NeedsNoBuffer(e)
        && Large(e).All(b => IsRead(b) || IsWrittenAnyway(b));

    bool IsRead(Expr buffer) => Kernels.IsGiven(buffer.Op) || _isRead.Contains(buffer);

    /// <summary>Tells whether a value that a product's tile computes will be written, because one of its readers can be in no tile.</summary>
    bool IsWrittenAnyway(Expr buffer) =>
        _home.GetValueOrDefault(buffer) is TileStep && Users(buffer).Exists(u => !Kernels.IsElementwise(u));

    /// <summary>Lists the buffers that a node is made of, but for those that are small beside it.</summary>
    HashSet<Expr> Large(Expr e)
    {
        var large = new HashSet<Expr>();
        foreach (var operand in e.Operands)
            Add(operand);
        return large;

        void Add(Expr operand)
        {
            var source = Geometry.Source(operand);
            if (source.Op is Const or Iota || source.Shape.Size <= e.Shape.Size / SmallPart)
                return;
            if (!_floating.ContainsKey(source))
                large.Add(source);
            else
                foreach (var o in source.Operands)
                    Add(o);
        }
    }

    /// <summary>Joins a later step beside which the node saves a walk: one that is small, or that reads something the node reads.</summary>
    bool TryLater(int after, Expr e)
    {
        for (int i = _steps.Count - 1; i > after && i >= _steps.Count - LookBack; i--)
        {
            if (_steps[i] is not LoopStep loop || loop.Size != (e.Op is Reduction ? e.Operands[0] : e).Shape.Size)
                continue;
            bool shares = loop.Size <= SmallLoop || Shares(loop, e);
            if (shares && TryJoin(loop, e))
                return true;
        }
        return false;
    }

    /// <summary>Tells whether a loop holds, or reads, what a node reads: through what floats, too.</summary>
    bool Shares(LoopStep loop, Expr e) =>
        e.Operands.Any(o =>
            Geometry.Source(o) is var source
            && (
                loop.Roles.ContainsKey(source)
                || (o.Op is not Const && loop.Members.Exists(m => m.Operands.Contains(o)))
                || (_floating.ContainsKey(source) && Shares(loop, source))
            )
        );

    void PlaceReduction(Expr e)
    {
        var operand = e.Operands[0];
        // what reads a parameter may be in the way of its update: only inputs are folded beside others that read them
        if (Latest(e) is { } step ? TryJoin(step, e) || TryLater(step.Order, e) : operand.Op is Input && TryLater(-1, e))
            return;
        var fresh = new LoopStep(operand.Shape.Size) { Lane = Lane(e) };
        Import(fresh, operand, operand.Shape, Role.Full);
        if (!TryFold(fresh, e))
        {
            // the chain above broadcasts across the rows that the fold needs: write it out, and fold the buffer
            Materialise(Geometry.Source(operand));
            fresh = new LoopStep(operand.Shape.Size) { Lane = Lane(e) };
            if (!TryFold(fresh, e))
                throw new InvalidOperationException($"fuse: {e} of {operand} fits no kernel.");
        }
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

    /// <summary>Writes a result that still floats: in a later loop that reads what it reads, or in one of its own.</summary>
    void WriteRoot(Expr e)
    {
        bool joins = e.Shape.Size >= LeastRecomputed && _floating.GetValueOrDefault(e).After is { } after && TryLater(after.Order, e);
        if (joins)
            _floating.Remove(e);
        else
            Materialise(e);
    }

    /// <summary>Gives a node that is still floating a step of its own: before all others, where it depends on leaves alone.</summary>
    void Materialise(Expr e)
    {
        if (!_floating.TryGetValue(e, out var chain) || _home.ContainsKey(e) || JoinsScalars(e, chain))
            return;
        var step = NewLoop(e);
        if (chain.After is not null)
        {
            _floating.Remove(e);
            Append(step);
            return;
        }
        step.IsClosed = true; // what would join might need a step that is made later
        step.Order = -1;
        _prologue.Add(step);
        _home[e] = step;
        _floating.Remove(e);
    }

    /// <summary>Adds a scalar that depends on leaves alone to the others of its kind: the counts and powers of all parameters are one kernel before all others.</summary>
    bool JoinsScalars(Expr e, Float chain)
    {
        if (!IsOne(e.Shape) || chain.After is not null || chain.IsRandom || IsFloatCast(e))
            return false;
        var scalars = _prologue
            .OfType<LoopStep>()
            .LastOrDefault(s => s.Size == 1 && s.Lane == Lane(e) && s.Members.Count < MostScalars && !s.Members.Exists(IsFloatCast));
        if (scalars is null)
            return false;
        scalars.IsClosed = false; // what e is made of is computed inside, as in a loop of its own
        if (!e.Operands.All(o => IsWithin(scalars, o, e.Shape, Role.Full)))
        {
            scalars.IsClosed = true;
            return false;
        }
        foreach (var operand in e.Operands)
            Import(scalars, operand, e.Shape, Role.Full);
        Include(scalars, e, Role.Full);
        scalars.IsClosed = true;
        _home[e] = scalars;
        _floating.Remove(e);
        return true;
    }

    /// <summary>Tells that a kernel before all others has an operand already, or can compute it inside: what would get a kernel of its own now would come too late for it.</summary>
    bool IsWithin(Step step, Expr operand, Shape shape, Role role)
    {
        var source = Geometry.Source(operand);
        if (step.Roles.ContainsKey(source))
            return true;
        if (_home.TryGetValue(source, out var home))
            return _prologue.IndexOf(home) is >= 0 and var at && at < _prologue.IndexOf(step);
        return !_floating.ContainsKey(source)
            || (RoleInside(step, operand, shape, role) is { } inner && source.Operands.All(o => IsWithin(step, o, source.Shape, inner)));
    }

    void Append(Step step)
    {
        TakeChains(step);
        foreach (var read in step.Reads().ToList())
        {
            Materialise(read);
            _isRead.Add(read);
        }
        foreach (var member in step.Members)
            if (!_floating.ContainsKey(member))
                _home[member] = step;
        step.Order = _steps.Count;
        _steps.Add(step);
    }

    Step? Latest(Expr e)
    {
        Step? latest = null;
        foreach (var source in e.Operands.SelectMany(o => Geometry.Waits(o).Prepend(Geometry.Source(o))))
        {
            var home = _home.GetValueOrDefault(source) ?? _floating.GetValueOrDefault(source).After;
            if (home is not null && (latest is null || home.Order > latest.Order))
                latest = home;
        }
        return latest;
    }

    static bool IsEmpty(Expr e) => e.Shape.Size == 0 || e.Operands.Any(o => o.Shape.Size == 0);

    /// <summary>Tells that an op takes many instructions, so that computing it twice does not pay.</summary>
    public static bool IsCostly(Op op) =>
        op is Uniform or Exp or Expm1 or Log or Log1p or Pow or Tanh or Sigmoid or Erf or Sin or Cos or Gated;
}
