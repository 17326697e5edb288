-- what view held shows of a partition
SELECT input_epoch, input_offset, event_id FROM {{database}}.held WHERE input_partition = {partition:Int32}
