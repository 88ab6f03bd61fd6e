from rastervision.pipeline.runner.plan import Job
from rastervision.pipeline.runner.resources import Resources, Share

CHIP = Job(0, 'chip', 0, 4, ())
PREDICT = Job(1, 'predict', 0, 4, (), uses_gpu=True)
TRAIN = Job(2, 'train', 0, 1, (), uses_gpu=True)


def test_no_more_jobs_run_than_there_are_slots():
    resources = Resources(2, memory=10**6)

    assert resources.share_for(CHIP, [Share(CHIP)]) is not None
    assert resources.share_for(CHIP, [Share(CHIP), Share(CHIP)]) is None


def test_each_split_gets_a_gpu_of_its_own():
    resources = Resources(8, gpus=('0', '1'), memory=10**6)

    first = resources.share_for(PREDICT, [])
    second = resources.share_for(PREDICT, [first])

    assert (first.gpus, second.gpus) == (('0',), ('1',))
    assert resources.share_for(PREDICT, [first, second]) is None
    assert resources.share_for(CHIP, [first, second]).gpus == ()


def test_a_gpu_job_that_is_not_split_gets_all_gpus():
    resources = Resources(8, gpus=('0', '1'), memory=10**6)

    assert resources.share_for(TRAIN, []).gpus == ('0', '1')
    assert resources.share_for(TRAIN, [Share(PREDICT, ('0',))]) is None


def test_without_gpus_gpu_jobs_run_like_others():
    assert Resources(2, memory=10**6).share_for(TRAIN, [Share(CHIP)]).gpus == ()


def test_a_job_waits_for_the_memory_that_it_held_before():
    resources = Resources(8, memory=1000, peaks={'chip': 400})

    assert resources.share_for(CHIP, [Share(CHIP, memory=10)]) is not None
    assert resources.share_for(CHIP, [Share(CHIP, memory=10), Share(CHIP, memory=400)]) is None


def test_memory_is_learned_from_jobs_that_ended():
    resources = Resources(8, memory=1000)
    ended = Share(CHIP)
    ended.note_memory(600)
    ended.note_memory(10)

    resources.note_end(ended)

    assert resources.share_for(CHIP, [Share(CHIP)]) is None


def test_a_job_alone_always_runs():
    assert Resources(8, memory=10, peaks={'chip': 400}).share_for(CHIP, []) is not None
